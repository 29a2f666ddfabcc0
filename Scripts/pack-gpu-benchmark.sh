#!/usr/bin/env bash
# Packs the benchmark for a machine with a graphics card and without Swift or network: program, libraries, PyTorch side.
#   Scripts/pack-gpu-benchmark.sh OUT      then, there: python OUT/gpu.py
# OUT.tar.xz is the same in a quarter of the bytes, for the way.
set -euo pipefail
out=$(realpath -m "${1:?usage: Scripts/pack-gpu-benchmark.sh OUT}")
# It is made anew: only what this script made may go.
if [[ -e $out && ! -e $out/underpaint-gpu-bench ]]; then
    echo "$out is there and no benchmark that was packed before; name a folder that is not there" >&2
    exit 64
fi
cd "$(dirname "$0")/.."

swift build --configuration release --static-swift-stdlib --product underpaint-gpu-bench
program=$(swift build --configuration release --static-swift-stdlib --show-bin-path)/underpaint-gpu-bench
rm -rf "$out"
mkdir -p "$out/lib"
strip -o "$out/underpaint-gpu-bench" "$program"

# Libraries of this system that another may lack, and the Vulkan loader, which is opened at run time. Never libc and its
# kin: they belong to the machine, and so does the driver.
ldd "$program" | awk '$3 ~ /^\// {print $3}' |
    grep -Ev '/(libc|libm|libdl|libpthread|librt|ld-linux[^/]*|libgcc_s|libstdc\+\+)\.so' |
    while read -r library; do cp -L "$library" "$out/lib/"; done
loader=$(ldconfig -p | awk '/libvulkan\.so\.1 / && /x86-64|aarch64|AArch64/ && !count++ {print $NF}')
[[ -z $loader ]] || cp -L "$loader" "$out/lib/libvulkan.so.1"

cp Benchmarks/gpu.py Benchmarks/peers.py Benchmarks/tensors.py Benchmarks/unet.py "$out/"
mkdir -p "$out/underpaint_training/models"
cp CloudModels/training/underpaint_training/__init__.py "$out/underpaint_training/"
cp CloudModels/training/underpaint_training/models/*.py "$out/underpaint_training/models/"

tar --directory "$(dirname "$out")" --create --xz --file "$out.tar.xz" "$(basename "$out")"
size=$(du -sm "$out.tar.xz" | cut -f1)
echo "$out: $(du -sm "$out" | cut -f1) MB, $out.tar.xz: $size MB" >&2
((size <= 64)) || {
    echo "more than the 64 MB that such a machine takes" >&2
    exit 1
}
