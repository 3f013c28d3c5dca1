#!/bin/sh
# Runs once inside the image's root file system, after its packages and the files of rootfs/ are there.
set -eu
useradd --create-home --shell /bin/bash platform
chmod 0440 /etc/sudoers.d/platform
rm -f /etc/ssh/ssh_host_* /etc/apt/sources.list.d/*
: > /etc/machine-id
: > /etc/resolv.conf
echo 'LANG=C.UTF-8' > /etc/default/locale
cat > /etc/hosts <<'HOSTS'
127.0.0.1 localhost
::1 localhost ip6-localhost ip6-loopback
HOSTS
systemctl -q disable chrony cron rsyslog prometheus-node-exporter
systemctl -q disable apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer
systemctl -q mask systemd-logind console-getty.service getty@.service systemd-udevd.service
# It waits for shutdowns, and would ask for the missing logind every second; updates are installed by the timers.
systemctl -q mask unattended-upgrades.service
# Packages reload systemd dozens of times while they are installed, and each time it starts what looks for disks, terminals and the
# like. No host of a lab has any.
mkdir -p /etc/systemd/system-generators
for generator in cryptsetup debug getty gpt-auto hibernate-resume integritysetup rc-local run system-update veritysetup; do
    ln -s /dev/null "/etc/systemd/system-generators/systemd-$generator-generator"
done
apt-get clean
rm -rf /var/lib/apt/lists/*
