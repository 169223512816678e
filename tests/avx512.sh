#!/bin/sh
# The golden vectors on AVX-512: on this processor if it has that, else under emulation.
#
#     avx512.sh SOURCE_DIR GOLDEN_CHECK          the latter statically linked
set -eu
source=$1 program=$2

export SMX_CACHE_BYTES=8192 # so that some of the batches are larger, and go past the caches
if grep -q -w avx512f /proc/cpuinfo && grep -q -w avx512vl /proc/cpuinfo; then
    exec "$program" "$source/tests/vectors" avx512
fi
echo "SKIP avx512 on this processor, which lacks it: emulated"
exec "$source/scripts/avx512-emulate.sh" --timeout 1500 --env "SMX_CACHE_BYTES=$SMX_CACHE_BYTES" \
    --file "$source/tests/vectors:/vectors" "$program" /vectors avx512
