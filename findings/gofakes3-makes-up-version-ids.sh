#!/usr/bin/env bash
# gofakes3: HEAD shows an x-amz-version-id of an object in a bucket without versioning, by which nothing can be had.
# Seen on 2026-11-28, gofakes3 1.2.0 (Go, memory backend) by boto3 1.44.8:
#   versioning: off
#   the put shows a version id: False
#   HEAD shows one: True
#   what it leads to after the next put: NoSuchVersion
# On S3 such an object shows no version id; a put here shows none either.
# Installs the packages in a temporary folder, starts the server there on a free port, and ends in 1 when it does anything else.
# Needs Python with pip, and Go.
set -eu
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; wait 2>/dev/null; chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
python3 -m pip install --quiet --disable-pip-version-check --only-binary :all: --target python boto3==1.44.8 2>pip.log || { cat pip.log; exit 1; }
export PYTHONPATH=$folder/python
GOBIN=$folder GOFLAGS=-modcacherw go install github.com/johannesboyne/gofakes3/cmd/gofakes3@v1.2.0 2>go.log || { cat go.log; exit 1; }
./gofakes3 -backend memory -quiet -host "127.0.0.1:$port" >server.log 2>&1 &
server=$!
cat >ask.py <<'PYTHON'
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

config = Config(s3={'addressing_style': 'path'}, request_checksum_calculation='when_required', response_checksum_validation='when_required')
s3 = boto3.client('s3', endpoint_url='http://127.0.0.1:' + sys.argv[1], region_name='us-east-1',
                  aws_access_key_id='labkey', aws_secret_access_key='labsecret', config=config)
for _ in range(300):
    try:
        s3.create_bucket(Bucket='archive')
        break
    except BotoCoreError:
        time.sleep(0.2)

put = s3.put_object(Bucket='archive', Key='dump.rdb', Body=b'a dump')
shown = s3.head_object(Bucket='archive', Key='dump.rdb').get('VersionId')
print('versioning:', s3.get_bucket_versioning(Bucket='archive').get('Status') or 'off')
print('the put shows a version id:', 'VersionId' in put)
print('HEAD shows one:', shown is not None)
s3.put_object(Bucket='archive', Key='dump.rdb', Body=b'another')
try:
    print('what it leads to:', s3.get_object(Bucket='archive', Key='dump.rdb', VersionId=shown)['Body'].read().decode())
except ClientError as error:
    print('what it leads to after the next put:', error.response['Error']['Code'])
PYTHON
python3 ask.py "$port" | tee seen.txt
diff seen.txt - <<'SEEN'
versioning: off
the put shows a version id: False
HEAD shows one: True
what it leads to after the next put: NoSuchVersion
SEEN
echo 'as it was'
