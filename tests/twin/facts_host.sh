# What a host of the facts test has besides what it shares with the machine: facts of its own, file systems, disks.
set -e
facts=/etc/ansible/facts.d
mkdir -p $facts
printf '[DEFAULT]\nzone = north\n\n[general]\nName = value\nnumber: 5\nlong = first\n  second\n; a remark\n[other]\nzone=south\n' > $facts/ini.fact
printf '{"list": [1, 2.5, null], "deep": {"x": true}}' > $facts/json.fact
printf '#!/bin/sh\necho "{\\"from\\": \\"script\\", \\"arguments\\": $#}"\n' > $facts/script.fact
printf '#!/bin/sh\nprintf "[ini]\\nfrom = script\\n"\n' > $facts/prints-ini.fact
printf '#!/bin/sh\necho something >&2\nexit 3\n' > $facts/fails.fact
printf '#!/bin/sh\nprintf "\\377\\376"\n' > $facts/bytes.fact
printf 'neither one = nor the other' > $facts/broken.fact
printf '[twice]\na = 1\na = 2\n' > $facts/twice.fact
printf '' > $facts/empty.fact
ln -s /nowhere $facts/dangling.fact
printf '[not]\na = fact\n' > $facts/other.txt
chmod 755 $facts/script.fact $facts/prints-ini.fact $facts/fails.fact $facts/bytes.fact

mkdir -p /etc/iscsi /etc/nvme
printf '# initiator\nInitiatorName=iqn.1993-08.org.debian:01:abc\n' > /etc/iscsi/initiatorname.iscsi
printf 'nqn.2014-08.org.nvmexpress:uuid:1234\n' > /etc/nvme/hostnqn
printf 'search example.test corp.test\nnameserver 192.0.2.53\nnameserver 2001:db8::53\noptions timeout:3 rotate ndots:2\nsortlist 192.0.2.0/255.255.255.0\n' > /srv/resolv.conf
cat /srv/resolv.conf > /etc/resolv.conf

mkdir -p "/srv/a disk" /srv/bound /srv/share
mount -t tmpfs -o size=4m,nr_inodes=200,noexec /dev/sda2 "/srv/a disk"
mkdir "/srv/a disk/inner"
mount --bind "/srv/a disk/inner" /srv/bound
mount -t tmpfs -o size=1m server:/export /srv/share

# Disks: a tree as the kernel makes it, and names as udev makes them.
device() { # PATH FILE=TEXT…
    mkdir -p "$1"
    for pair in "$@"; do
        [ "$pair" = "$1" ] && continue
        mkdir -p "$(dirname "$1/${pair%%=*}")"
        printf '%s\n' "${pair#*=}" > "$1/${pair%%=*}"
    done
}
tree=/srv/sys/devices
sda=$tree/pci0000:00/0000:00:05.0/host2/sda
nvme=$tree/pci0000:00/0000:00:1f.7/nvme/nvme0n1
device $sda size=41943040 removable=0 queue/rotational=1 queue/logical_block_size=4096 queue/discard_granularity=512 \
    queue/discard_max_hw_bytes=4096 "queue/scheduler=none [mq-deadline] kyber" device/vendor=ATA "device/model=Test Disk" \
    device/sas_address=0x5000c5000000
device $sda/sda1 start=2048 size=1024
device $sda/sda2 start=4096 size=20971520 queue/logical_block_size=512 holders/dm-0/dm/name=vg-root
device $nvme size=3 removable=0 queue/rotational=0 queue/discard_granularity=512 queue/discard_max_hw_bytes=0 \
    queue/scheduler=none device/serial=S123
device $nvme/nvme0n1p1 start=0 size=8388608
device $tree/virtual/block/dm-0 size=20971520 dm/name=vg-root slaves/sda2/start=4096 queue/hw_sector_size=512
device $tree/virtual/block/dm-1 size=0 slaves/dm-0/x=y
mkdir -p /srv/block
ln -s $sda $nvme $tree/virtual/block/dm-0 $tree/virtual/block/dm-1 /srv/block
mount --bind /srv/block /sys/block

mkdir -p /srv/dev/disk/by-id /srv/dev/disk/by-uuid /srv/dev/disk/by-label
ln -s ../../sda /srv/dev/disk/by-id/wwn-0x5000c5000000
ln -s ../../sda /srv/dev/disk/by-id/ata-Test_Disk
ln -s ../../sda2 /srv/dev/disk/by-uuid/32caaec3-ef40
ln -s ../../dm-0 /srv/dev/disk/by-label/root
for name in sda sda1 sda2 dm-0; do : > /srv/dev/$name; done
mount -t overlay overlay -o lowerdir=/srv/dev:/dev /dev

# Tools of the host that tell of disks: what they print on a host that has them.
tool() {
    printf '#!/bin/sh\ncat <<END\n%s\nEND\n' "$2" > "/usr/local/sbin/$1"
    chmod 755 "/usr/local/sbin/$1"
}
tool vgs '  vg,1,2,0,wz--n-,9.99,4.50'
tool lvs '  root,vg,-wi-ao----,5.00,,,,,,,,
  swap,vg,-wi-a-----,0.49,,,,,,,,'
tool pvs '  /dev/dm-1,vg,lvm2,a--,9.99,4.50
  /dev/sda1,,lvm2,---,0.50,0.50'
tool lsblk '/dev/sda
/dev/sda2 32caaec3-ef40'
tool dmsetup 'vg-pv'
tool lspci '0000:00:05.0 SATA controller: Test AHCI (rev 02)
0000:00:1f.7 Non-Volatile memory controller: Test NVMe'
