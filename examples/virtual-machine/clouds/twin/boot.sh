#!/bin/sh
# Boots a machine's stand-in: boot.sh FOLDER NAME PORT, with PUBLIC_KEYS in the environment.
set -eu
PATH=$PATH:/usr/sbin:/usr/local/sbin
sshd=$(command -v sshd) || { echo "no sshd: install openssh-server" >&2; exit 1; }
mkdir -p "$1/etc/ssh/sshd_config.d" "$1/etc/apt/apt.conf.d"
echo "$2" >"$1/etc/hostname"
echo "$PUBLIC_KEYS" >"$1/etc/ssh/authorized_keys"
for type in ed25519 ecdsa; do
    [ -e "$1/etc/ssh/ssh_host_${type}_key" ] ||
        ssh-keygen -q -t $type -N '' -C "$2" -f "$1/etc/ssh/ssh_host_${type}_key"
done
cat >"$1/etc/ssh/sshd_config" <<END
Include $1/etc/ssh/sshd_config.d/*.conf
ListenAddress 127.0.0.1:$3
HostKey $1/etc/ssh/ssh_host_ed25519_key
HostKey $1/etc/ssh/ssh_host_ecdsa_key
AuthorizedKeysFile $1/etc/ssh/authorized_keys
PidFile $1/sshd.pid
StrictModes no
UsePAM no
END
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd # where it gives up its rights
"$sshd" -t -f "$1/etc/ssh/sshd_config"
"$sshd" -f "$1/etc/ssh/sshd_config" -E "$1/sshd.log"
tries=0
until [ -s "$1/sshd.pid" ]; do
    tries=$((tries + 1))
    [ $tries -lt 50 ] || { cat "$1/sshd.log" >&2; exit 1; }
    sleep 0.1
done
