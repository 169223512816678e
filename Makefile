# The door. What is behind it: CMakePresets.json, scripts/.
.PHONY: all run test test-large ulp format clean

all:
	@scripts/setup.sh run
	@cmake --preset release
	@cmake --build --preset release

run: all
	build/smx demo

test:
	@scripts/setup.sh run test
	@scripts/test-all.sh

clean:
	rm -rf build
