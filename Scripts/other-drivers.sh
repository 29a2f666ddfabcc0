#!/usr/bin/env bash
# What newer drivers make of the Vulkan kernels, without a card: a whole Debian system of another release in ROOT, by debootstrap
# (as root), with Mesa's drivers for cards that are not there (package mesa-drm-shim).
#
#   Scripts/other-drivers.sh ROOT check [VARIANT]     the check of the kernels on the newest software device, which has real matrix
#                                                     units (8×8×8, subgroups of 8); minutes for each variant, most of it its compiler's
#   Scripts/other-drivers.sh ROOT amd CARD PRECISION CASE      registers, spills, instructions of a case's kernels on a card of AMD
#                                                     (polaris10, vega10, navi10, navi21, navi31, gfx1201, phoenix, strix1, …)
#   Scripts/other-drivers.sh ROOT nvidia CHIP PRECISION CASE   the same on one of NVIDIA, by Mesa's compiler: 162 (Turing), 172 (Ampere),
#                                                     192 (Ada), 1b2 (Blackwell)
#   Scripts/other-drivers.sh ROOT amd-assembler …, nvidia-assembler …     and the machine code, as the compiler prints it
#   Scripts/other-drivers.sh ROOT validate CARD|CHIP PRECISION CASE       makes a case's kernels under the newest validation layer
#
# PRECISION and CASE as underpaint-gpu-bench takes them: float16 "verifier step, batch 16". About 2 GB.
set -euo pipefail
usage() {
    sed -n '2,17s/^# \{0,1\}//p' "$0" >&2
    exit 64
}
(($# >= 2)) || usage
root=$(realpath -m "$1")
command=$2
shift 2
cd "$(dirname "$0")/.."

# Where the library lies that makes a card appear.
shim() { echo "/usr/lib/x86_64-linux-gnu/lib$1_noop_drm_shim.so"; }

# A system with the drivers, and the benchmark in it as it is now.
system=$root/sid
prepare() {
    if [[ ! -e $system/usr/bin/apt-get ]]; then
        mkdir -p "$root"
        debootstrap --variant=minbase sid "$system" >&2
    fi
    if [[ ! -e $system$(shim nouveau) || ! -e $system/usr/share/vulkan/explicit_layer.d/VkLayer_khronos_validation.json ]]; then
        chroot "$system" apt-get install --yes --no-install-recommends \
            mesa-vulkan-drivers mesa-drm-shim libvulkan1 vulkan-validationlayers >&2
    fi
    swift build --configuration release --static-swift-stdlib --product underpaint-gpu-bench >&2
    local program
    program=$(swift build --configuration release --static-swift-stdlib --show-bin-path)/underpaint-gpu-bench
    mkdir -p "$system/bench"
    strip -o "$system/bench/underpaint-gpu-bench" "$program"
    # Not the loader: that is what differs.
    ldd "$program" | awk '$3 ~ /lib(crypto|zstd)/ {print $3}' | while read -r library; do cp -L "$library" "$system/bench/"; done
}

# The benchmark in the system, with a driver and variables of the environment; a line for it on standard input.
bench() {
    local driver=$1
    shift
    chroot "$system" env LD_LIBRARY_PATH=/bench VK_ICD_FILENAMES="/usr/share/vulkan/icd.d/${driver}_icd.json" "$@" \
        /bench/underpaint-gpu-bench 2>&1
}

# The same on a card that is not there.
amd() { bench radeon LD_PRELOAD="$(shim amdgpu)" AMDGPU_GPU_ID="$card" "$@"; }
nvidia() { bench nouveau LD_PRELOAD="$(shim nouveau)" NOUVEAU_CHIPSET="$card" "$@"; }

case $command in
check)
    prepare
    bench lvp <<<"check llvmpipe ${1:-float16 cooperative}"
    ;;
amd | nvidia | amd-assembler | nvidia-assembler | validate)
    (($# == 3)) || usage
    card=$1
    prepare
    case $command in
    amd) amd <<<"statistics RADV $2 $3" ;;
    nvidia) nvidia <<<"statistics NVK $2 $3" ;;
    amd-assembler) amd RADV_DEBUG=asm <<<"statistics RADV $2 $3" ;;
    # The last of the forms that it prints.
    nvidia-assembler)
        nvidia NAK_DEBUG=print MESA_SHADER_CACHE_DISABLE=1 <<<"statistics NVK $2 $3" \
            | awk '/^NAK IR/ {wanted = /calc_instr_deps/} wanted'
        ;;
    validate)
        # The layer says what is wrong on standard output and goes on.
        checked=(VK_INSTANCE_LAYERS=VK_LAYER_KHRONOS_validation)
        # On a card of AMD with submissions, which nobody carries out; NVIDIA's driver takes the card for lost then.
        if [[ $card =~ ^1[0-9a-f]{2}$ ]]; then
            nvidia "${checked[@]}" <<<"statistics NVK $2 $3"
        else
            amd "${checked[@]}" <<<"time RADV $2 0.01 $3"
        fi
        ;;
    esac
    ;;
*) usage ;;
esac
