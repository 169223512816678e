# The door. Behind it: CMakePresets.json, scripts/setup.sh (packages), scripts/test-all.sh.
.PHONY: all run test test-full test-large ulp fuzz bench bench-quick format clean

all:
	@scripts/setup.sh run
	cmake --preset release
	cmake --build --preset release

run: all
	build/smx demo

# What a newcomer waits for: minutes.
test:
	@scripts/setup.sh run test
	@scripts/test-all.sh quick

# That, and then other compilers, sanitizers and processors, and searches.
test-full:
	@scripts/setup.sh run test full
	@scripts/test-all.sh quick full

# Every f32 as a half; then over 2^31 elements: about 20 GB of memory.
test-large:
	@scripts/setup.sh run test
	cmake --preset gcc
	cmake --build --preset gcc --target test_large test_half_all
	build/gcc/tests/large/test_half_all
	build/gcc/tests/large/test_large

# The long search for worst cases, and every f32 argument of exp.
ulp:
	@scripts/setup.sh run test
	cmake --preset gcc
	cmake --build --preset gcc --target ulp
	build/gcc/ulp --seconds 300 all

# Each fuzzer for FUZZ_SECONDS (default: 60), with its progress.
fuzz:
	@scripts/setup.sh run test full
	cmake --preset fuzz
	cmake --build --preset fuzz
	@scripts/fuzz.sh build/fuzz

# Speed beside PyTorch, oneDNN, ONNX Runtime, XNNPACK, JAX and SciPy, from C and from Python. Sets them up first: minutes
# and 6 GB, once.
bench bench-quick:
	@scripts/setup.sh run bench
	cmake --preset release
	cmake --build --preset release --target all bench_copies bench_hold harness
	@scripts/bench-setup.sh
	build/bench-venv/bin/python bench/bench.py $(if $(filter bench-quick,$@),--quick)
	build/bench-venv/bin/python bench/python_calls.py $(if $(filter bench-quick,$@),--quick)

format:
	scripts/format.sh

clean:
	rm -rf build
