#!/usr/bin/env bash
# What newer drivers make of the Vulkan kernels, without a card: whole Debian systems of other releases in ROOT, by debootstrap (as root).
#
#   Scripts/other-drivers.sh ROOT check [VARIANT]        the check of the kernels on the newest software device, which has real matrix
#                                                        units (8×8×8, subgroups of 8); minutes for each variant, most of it its compiler's
#   Scripts/other-drivers.sh ROOT amd FAMILY PRECISION CASE    registers, spills, waves and instructions of a case's kernels on a card of
#                                                        AMD that is not there (navi31, navi21, vega10, …), by Mesa's compiler
#   Scripts/other-drivers.sh ROOT amd-assembler FAMILY PRECISION CASE    its machine code
#
# PRECISION and CASE as underpaint-gpu-bench takes them: float16 "verifier step, batch 16". About 1 GB a system.
set -euo pipefail
(($# >= 2)) || {
    sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
    exit 64
}
root=$(realpath -m "$1")
command=$2
shift 2
cd "$(dirname "$0")/.."

# A system of a release with the driver, and the benchmark in it as it is now.
prepare() {
    local release=$1 system=$root/$1
    mkdir -p "$root"
    if [[ ! -e $system/usr/share/vulkan/icd.d/lvp_icd.json ]]; then
        debootstrap --variant=minbase "$release" "$system" >&2
        chroot "$system" apt-get install --yes --no-install-recommends mesa-vulkan-drivers libvulkan1 gcc libc6-dev libvulkan-dev >&2
    fi
    swift build --configuration release --static-swift-stdlib --product underpaint-gpu-bench >&2
    local program
    program=$(swift build --configuration release --static-swift-stdlib --show-bin-path)/underpaint-gpu-bench
    mkdir -p "$system/bench"
    strip -o "$system/bench/underpaint-gpu-bench" "$program"
    # Not the loader: that is what differs.
    ldd "$program" | awk '$3 ~ /lib(crypto|zstd)/ {print $3}' | while read -r library; do cp -L "$library" "$system/bench/"; done
}

amd() {
    prepare trixie # the last release whose driver makes devices that are not there
    cp Scripts/null-device.c "$root/trixie/bench/"
    chroot "$root/trixie" gcc -shared -fPIC -o /bench/libvulkan.so.1 /bench/null-device.c
    chroot "$root/trixie" env "$@" LD_LIBRARY_PATH=/bench NULL_DEVICE_LOADER=/usr/lib/x86_64-linux-gnu/libvulkan.so.1 \
        VK_ICD_FILENAMES=/usr/share/vulkan/icd.d/radeon_icd.json /bench/underpaint-gpu-bench <<<"statistics RADV $precision $name" 2>&1
}

case $command in
check)
    prepare sid
    chroot "$root/sid" env LD_LIBRARY_PATH=/bench VK_ICD_FILENAMES=/usr/share/vulkan/icd.d/lvp_icd.json \
        /bench/underpaint-gpu-bench <<<"check llvmpipe ${1:-float16 cooperative}"
    ;;
amd | amd-assembler)
    (($# == 3)) || {
        echo "usage: Scripts/other-drivers.sh ROOT $command FAMILY PRECISION CASE" >&2
        exit 64
    }
    family=$1 precision=$2 name=$3
    if [[ $command == amd ]]; then amd RADV_FORCE_FAMILY="$family"; else amd RADV_FORCE_FAMILY="$family" RADV_DEBUG=asm; fi
    ;;
*)
    echo "unknown command $command: check, amd or amd-assembler" >&2
    exit 64
    ;;
esac
