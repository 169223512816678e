#!/bin/sh
# The golden vectors on AVX-512: on this processor if it has that, else under emulation.
#
#     avx512.sh SOURCE_DIR GOLDEN_CHECK          the latter statically linked
#     avx512.sh SOURCE_DIR sanitized             under emulation only: built here to stop at undefined behaviour
set -eu
source=$1 program=$2

export SMX_CACHE_BYTES=8192 # so that some of the batches are larger, and go past the caches
if grep -q -w avx512f /proc/cpuinfo && grep -q -w avx512vl /proc/cpuinfo; then
    if [ "$program" = sanitized ]; then
        echo "skip: this processor has AVX-512, so the presets with sanitizers run it, and nothing needs emulation"
        exit 0
    fi
    exec "$program" "$source/tests/vectors" avx512
fi
echo "skip: this processor lacks AVX-512: emulated"
if [ "$program" = sanitized ]; then
    tmp=$(mktemp -d)
    trap 'rm -rf "$tmp"' EXIT
    program=$tmp/golden_check
    # Traps need no runtime, of which there is no static one.
    gcc -O1 -static -DSMX_THREADS=0 -fsanitize=undefined,float-cast-overflow -fsanitize-undefined-trap-on-error \
        -I"$source/include" -I"$source/src" -I"$source/tests" $(ls "$source"/src/*/*.c | grep -v /tensor/) \
        "$source"/tests/golden*.c -lm -o "$program"
fi
"$source/scripts/avx512-emulate.sh" --timeout 1500 --env "SMX_CACHE_BYTES=$SMX_CACHE_BYTES" \
    --file "$source/tests/vectors:/vectors" "$program" /vectors avx512
