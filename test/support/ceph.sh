#!/bin/bash
# A real S3 server for tests: one node of Ceph with its RADOS Gateway on loopback, in memory, up in about four seconds.
# Needs: apt-get install -y --no-install-recommends radosgw ceph-mon ceph-osd ceph-common
# Usage: ceph.sh DIRECTORY MON_PORT GATEWAY_PORT WATCHED_PID [SUFFIX]
# SUFFIX: that of the programs' names, `-20` for those of test/stores/fetch-heavy, whose plug-ins lie beside them.
# Makes DIRECTORY/ready when it can be used; stops and removes everything when the process WATCHED_PID is gone.
set -eu
D=$1 MON_PORT=$2 RGW_PORT=$3 WATCHED=$4 S=${5:-}
C=$D/ceph.conf
export CEPH_CONF=$C

stop() {
  trap - EXIT
  for name in radosgw osd mon; do # the gateway first: it lingers when its OSD is gone
    [ -f "$D/$name.pid" ] || continue
    pid=$(cat "$D/$name.pid")
    kill "$pid" 2>/dev/null || continue
    for _ in $(seq 30); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$pid" 2>/dev/null || true
  done
  rm -rf "$D"
}
trap stop EXIT
trap exit INT TERM

until_true() { # TRIES COMMAND…: every fifth of a second
  local tries=$1; shift
  for _ in $(seq "$tries"); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done
  echo "gave up waiting for: $*" >&2
  exit 1
}

mkdir -p "$D/mon" "$D/osd" "$D/run" "$D/log"
FSID=$(cat /proc/sys/kernel/random/uuid)
cat > "$C" <<CONF
[global]
fsid = $FSID
mon host = v2:127.0.0.1:$MON_PORT
mon initial members = a
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
ms bind ipv6 = false
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
run dir = $D/run
log file = $D/log/\$name.log
admin socket = $D/run/\$name.asok
keyring = $D/keyring
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 2000
mon data avail warn = 1
mon data avail crit = 1
paxos propose interval = 0.05
[mon.a]
mon data = $D/mon
host = $(hostname -s)
[osd.0]
osd data = $D/osd
osd objectstore = memstore
osd max object name len = 256
osd max object namespace len = 64
memstore device bytes = 12884901888
osd class update on start = false
debug osd = 0/0
debug ms = 0/0
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:$RGW_PORT
rgw enable apis = s3
debug rgw = 0/0
rgw enable usage log = false
rgw enable ops log = false
rgw gc obj min wait = 0
rgw gc processor period = 5
rgw gc processor max time = 5
rgw relaxed region enforcement = true
rgw thread pool size = 64
CONF
if [ -n "$S" ]; then
  plugins=$(dirname "$(readlink -f "$(command -v "radosgw$S")")")/../tree/usr/lib/x86_64-linux-gnu
  cat >> "$C" <<CONF
rgw crypt require ssl = false
rgw crypt s3 kms backend = testing
rgw crypt s3 kms encryption keys = testkey-1=YmluCmJvb3N0CmJvb3N0LWJ1aWxkCmNlcGguY29uZgo=
[global]
plugin dir = $plugins/ceph
erasure code dir = $plugins/ceph/erasure-code
osd class dir = $plugins/rados-classes
CONF
fi

"ceph-authtool$S" --create-keyring "$D/keyring" --gen-key -n mon. --cap mon 'allow *' >/dev/null
"ceph-authtool$S" "$D/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' >/dev/null
"ceph-authtool$S" "$D/keyring" --gen-key -n client.rgw.a --cap mon 'allow rw' --cap osd 'allow rwx' >/dev/null
"ceph-authtool$S" "$D/keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' >/dev/null
"monmaptool$S" --create --clobber --fsid "$FSID" --addv a "[v2:127.0.0.1:$MON_PORT]" "$D/monmap" >/dev/null
"ceph-mon$S" -c "$C" --mkfs -i a --monmap "$D/monmap" --keyring "$D/keyring"
"ceph-mon$S" -c "$C" -f -i a >"$D/log/mon.out" 2>&1 & echo $! >"$D/mon.pid"
until_true 100 timeout 5 "ceph$S" -c "$C" -s
U=$(cat /proc/sys/kernel/random/uuid)
"ceph$S" -c "$C" osd new "$U" >/dev/null
"ceph-osd$S" -c "$C" -i 0 --mkfs --osd-uuid "$U" >"$D/log/mkfs.out" 2>&1
"ceph$S" -c "$C" osd crush add osd.0 1.0 root=default >/dev/null 2>&1
"ceph-osd$S" -c "$C" -f -i 0 >"$D/log/osd.out" 2>&1 & echo $! >"$D/osd.pid"
osd_up() { "ceph$S" -c "$C" osd stat | grep -q '1 up'; }
until_true 100 osd_up
admin() { "radosgw-admin$S" -c "$C" -n client.rgw.a "$@" >>"$D/log/admin.out" 2>&1; }
admin user create --uid=lab --display-name=lab --access-key=labkey --secret-key=labsecret
admin user create --uid=guest --display-name=guest --access-key=guestkey --secret-key=guestsecret
cold=(--placement-id default-placement --storage-class STANDARD_IA) # a second class, before the gateway reads which there are
admin zonegroup placement add --rgw-zonegroup default "${cold[@]}"
admin zone placement add --rgw-zone default "${cold[@]}" --data-pool default.rgw.cold.data
"radosgw$S" -c "$C" -f -n client.rgw.a >"$D/log/rgw.out" 2>&1 & echo $! >"$D/radosgw.pid"
gateway_up() { (exec 3<>"/dev/tcp/127.0.0.1/$RGW_PORT"); }
until_true 200 gateway_up
touch "$D/ready"
while kill -0 "$WATCHED" 2>/dev/null; do sleep 1; done
