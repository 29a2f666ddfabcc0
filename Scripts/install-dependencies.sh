#!/usr/bin/env bash
# Installs the libraries that Underpaint stands on, if they are missing (Debian 12 or a relative of it).
set -euo pipefail

packages=(libdnnl-dev libopenblas-dev libzstd-dev libcurl4-openssl-dev libssl-dev libpng-dev libwebp-dev libvulkan-dev pkg-config)
# `--tests` also installs what only tests need: a software Vulkan device, the validation layer, an optimiser of shaders,
# Python for the tests of the training package, and a maker of certificates.
if [[ ${1:-} == --tests ]]; then
    packages+=(mesa-vulkan-drivers vulkan-validationlayers spirv-tools python3-venv gcc openssl)
fi
missing=()
for package in "${packages[@]}"; do
    dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' ||
        missing+=("$package")
done

if ((${#missing[@]})); then
    echo "installing: ${missing[*]}" >&2
    run=()
    ((EUID == 0)) || run=(sudo)
    "${run[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${run[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
fi

if ! command -v swift >/dev/null; then
    echo "Swift 6.1 or newer is needed and was not found: install it from https://www.swift.org/install/linux/" \
        "and start again." >&2
    exit 1
fi
