#!/usr/bin/env bash
# Run a program that uses AVX-512 on a machine whose CPU has none.
#
# Why: neither qemu nor valgrind emulates AVX-512, so without such a CPU the
# AVX-512 kernels could be built but never executed.  Bochs emulates it.  Bochs
# is a whole-machine emulator, so this script boots a Debian kernel in it with
# a small initramfs that holds the program, prints what the program prints, and
# exits with the program's exit status.
#
# Needs (Debian 12):
#   apt-get install --no-install-recommends bochs bochs-term bochsbios vgabios \
#                   isolinux syslinux-common xorriso cpio busybox-static
# The kernel is not installed: on first use it is fetched with apt-get download
# and kept in build/avx512-emulate/.  No root, no display, no terminal needed.
#
# The emulated CPU is a Skylake-X: AVX-512 F, CD, BW, DQ and VL, none of the
# later extensions.  Booting takes about 20 s.  Expect roughly 40 million scalar
# or 2.5 million 512-bit floating-point instructions per second, and the guest's
# clock does not follow real time: test results here, never speed.
set -euo pipefail

usage() {
    cat <<'EOF'
usage: avx512-emulate.sh [OPTION]... [--] PROGRAM [ARG]...
Run PROGRAM, a statically linked x86-64 executable, with emulated AVX-512.

  --env NAME=VALUE   set an environment variable for PROGRAM (repeatable;
                     nothing else is passed on)
  --file SRC:DEST    copy the file or directory SRC to the absolute path DEST
                     in the emulated machine (repeatable)
  --timeout SECONDS  give up after this much real time (default 600)
  --memory MIB       memory of the emulated machine (default 512)
  --help             print this text

PROGRAM runs as root in / with empty standard input; its standard output and
standard error both go to standard output.  The exit status is PROGRAM's, or
128+N if signal N killed it, 124 if the time limit was reached, or 125 if the
emulation failed.
EOF
}

die() { echo "avx512-emulate: $*" >&2; exit 125; }

env=() files=() limit=600 memory=512
while [ $# -gt 0 ]; do
    case $1 in
        --help) usage; exit 0 ;;
        --env|--file|--timeout|--memory)
            [ $# -ge 2 ] || die "$1 needs a value"
            case $1 in
                --env)
                    [[ $2 =~ ^[A-Za-z_][A-Za-z0-9_]*= ]] || die "--env wants NAME=VALUE, not '$2'"
                    env+=("$2") ;;
                --file)
                    [[ $2 == *:/* ]] || die "--file wants SRC:DEST with an absolute DEST, not '$2'"
                    [ -e "${2%%:/*}" ] || die "no such file: ${2%%:/*}"
                    files+=("$2") ;;
                --timeout) limit=$2 ;;
                --memory) memory=$2 ;;
            esac
            shift 2 ;;
        --) shift; break ;;
        -*) usage >&2; die "unknown option $1" ;;
        *) break ;;
    esac
done
[ $# -gt 0 ] || { usage >&2; exit 125; }
prog=$1; shift
[[ $limit =~ ^[1-9][0-9]*$ ]] || die "--timeout wants a number of seconds, not '$limit'"
[[ $memory =~ ^[1-9][0-9]*$ ]] || die "--memory wants a number of MiB, not '$memory'"
[[ -f $prog && -x $prog ]] || die "not an executable file: $prog"
# The path of the dynamic loader stands near the start of a dynamic executable.
if head -c 4096 "$prog" | grep -qa '/ld-linux'; then
    die "$prog is dynamically linked; link it with -static"
fi

isolinux=/usr/lib/ISOLINUX/isolinux.bin
ldlinux=/usr/lib/syslinux/modules/bios/ldlinux.c32
busybox=/bin/busybox
bios=/usr/share/bochs/BIOS-bochs-latest
vgabios=/usr/share/bochs/VGABIOS-lgpl-latest
packages="bochs bochs-term bochsbios vgabios isolinux syslinux-common xorriso cpio busybox-static"
for tool in bochs xorriso cpio; do
    command -v "$tool" >/dev/null || die "$tool is missing; install: $packages"
done
for f in "$isolinux" "$ldlinux" "$busybox" "$bios" "$vgabios"; do
    [ -e "$f" ] || die "$f is missing; install: $packages"
done
if head -c 4096 "$busybox" | grep -qa '/ld-linux'; then
    die "$busybox is dynamically linked; install busybox-static"
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/avx512-emulate.XXXXXX")
emulator='' output=''
cleanup() {
    # timeout(1) leads its own process group, which holds the emulator.
    [ -z "$emulator" ] || kill -KILL -- "-$emulator" 2>/dev/null || :
    [ -z "$output" ] || kill "$output" 2>/dev/null || :
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The kernel: Debian's cloud kernel, the smallest one packaged.
cache=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build/avx512-emulate
kernel=$cache/vmlinuz
if [ ! -s "$kernel" ]; then
    command -v apt-get >/dev/null || die "no $kernel and no apt-get to fetch it with"
    package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
        sed -n 's/^ *Depends: \(linux-image-[0-9].*-cloud-amd64\)$/\1/p' | head -n 1)
    [ -n "$package" ] || die "apt knows no linux-image-cloud-amd64; run apt-get update"
    echo "avx512-emulate: fetching $package" >&2
    (cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "$package") ||
        die "cannot download $package; run apt-get update, or put a kernel at $kernel"
    dpkg-deb --fsys-tarfile "$work"/linux-image-*.deb |
        tar -x -O --wildcards './boot/vmlinuz-*' >"$work/vmlinuz"
    [ -s "$work/vmlinuz" ] || die "no kernel in $package"
    mkdir -p "$cache"
    mv "$work/vmlinuz" "$kernel"
fi

# The initramfs.  The kernel's messages and ours go to the first serial port,
# the program's output to the second, so that neither disturbs the other.
root=$work/root
mkdir -p "$root"/{bin,dev,proc,sys,tmp,prog}
cp "$busybox" "$root/bin/busybox"
cp "$prog" "$root/prog/"
for f in "${files[@]}"; do
    dest=$root/${f#*:/}
    mkdir -p "$(dirname "$dest")"
    cp -RL "${f%%:/*}" "$dest"
done
faults='traps: |segfault|Killed process'
command=(/prog/"$(basename "$prog")" "$@")
cat >"$root/init" <<EOF
#!/bin/busybox sh
b=/bin/busybox
\$b mount -t devtmpfs none /dev
\$b mount -t proc none /proc
\$b mount -t sysfs none /sys
\$b stty -F /dev/ttyS1 raw 115200
if \$b grep -q avx512f /proc/cpuinfo; then
    \$b env -i ${env[@]@Q} ${command[@]@Q} </dev/null >/dev/ttyS1 2>&1
    status=\$?
    \$b dmesg | \$b grep -E "$faults" >/dev/ttyS0
    echo "@exit \$status" >/dev/ttyS0
else
    echo "the kernel did not enable AVX-512" >/dev/ttyS0
    \$b dmesg | \$b grep -iE 'fpu|xsave' >/dev/ttyS0
fi
\$b poweroff -f
EOF
chmod 755 "$root/init"
(cd "$root" && find . | cpio --quiet -o -H newc) >"$work/initrd"

# The boot disk.  What the kernel parameters are for:
# - clearcpuid: Bochs 2.7 reports a wrong size for the compacted XSAVE format,
#   for which the kernel would switch off AVX and AVX-512;
# - tsc_early_khz: the time stamp counter ticks once per instruction, at the
#   ips= rate below and not at the rate that the CPU model claims;
# - panic, reboot: a kernel panic ends the emulation (by a triple fault);
# - the rest skips work that would make up most of the boot time.
ips=20000000
cat >"$work/isolinux.cfg" <<EOF
default linux
prompt 0
label linux
    kernel linux
    append initrd=initrd console=ttyS0,115200 quiet panic=-1 reboot=t clearcpuid=xsavec,xsaves tsc_early_khz=$((ips / 1000)) tsc=reliable nokaslr mitigations=off nowatchdog cryptomgr.notests initcall_blacklist=load_system_certificate_list,crypto_kdf108_init
EOF
xorriso -as mkisofs -quiet -o "$work/boot.iso" -graft-points \
    -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table \
    isolinux.bin="$isolinux" ldlinux.c32="$ldlinux" isolinux.cfg="$work/isolinux.cfg" \
    linux="$kernel" initrd="$work/initrd" >"$work/xorriso.log" 2>&1 ||
    { cat "$work/xorriso.log" >&2; die "cannot build the boot disk"; }

cat >"$work/bochsrc" <<EOF
config_interface: textconfig
display_library: term
cpu: model=corei7_skylake_x, count=1, ips=$ips, reset_on_triple_fault=0
memory: guest=$memory, host=$memory
romimage: file=$bios
vgaromimage: file=$vgabios
ata0-master: type=cdrom, path=$work/boot.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=$work/console
com2: enabled=1, mode=file, dev=$work/output
speaker: enabled=0
sound: waveoutdrv=dummy
clock: sync=none
panic: action=fatal
log: $work/bochs.log
EOF
echo c >"$work/debugger" # Debian's Bochs has the debugger built in: "continue"

mkfifo "$work/output"
cat "$work/output" &
output=$!
TERM=vt100 timeout -s KILL "$limit" bochs -q -f "$work/bochsrc" -rc "$work/debugger" \
    </dev/null >"$work/bochs.out" 2>&1 &
emulator=$!
status=0
{ wait "$emulator" || status=$?; } 2>/dev/null
emulator=''
# If Bochs failed before it opened the pipe, the reader still waits for it.
: 1<>"$work/output"
wait "$output" || :
output=''

console() { tr -d '\r' <"$work/console" 2>/dev/null || :; }
if [ "$status" = 137 ]; then
    console | tail -n 20 >&2
    echo "avx512-emulate: time limit of $limit s reached" >&2
    exit 124
fi
result=$(console | sed -n 's/^@exit \([0-9]*\)$/\1/p')
if [ -z "$result" ]; then
    console | tail -n 20 >&2
    grep -a -A 2 'exiting with the following' "$work/bochs.out" >&2 || tail -n 5 "$work/bochs.out" >&2
    die "the emulated machine ended without running $prog to its end"
fi
if [ "$result" -ge 128 ]; then
    console | grep -E "$faults" >&2 || :
    echo "avx512-emulate: $prog was killed by signal $((result - 128))" >&2
fi
exit "$result"
