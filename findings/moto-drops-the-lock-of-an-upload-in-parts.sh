#!/usr/bin/env bash
# moto: the object lock that is asked for by CreateMultipartUpload is dropped without a word; that of a PutObject is kept.
# Seen on 2026-11-28, moto 5.2.5 by boto3 1.44.8:
#   whole: GOVERNANCE
#   in-parts: no lock
# On S3 the finished object is locked. Ceph 16 drops it likewise; ask each object whether it is locked.
# Installs the packages in a temporary folder, starts the server there on a free port, and ends in 1 when it does anything else.
# Needs Python with pip.
set -eu
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; wait 2>/dev/null; chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
python3 -m pip install --quiet --disable-pip-version-check --only-binary :all: --target python 'moto[s3]==5.2.5' boto3==1.44.8 flask==3.1.3 flask-cors==6.0.5 2>pip.log || { cat pip.log; exit 1; }
export PYTHONPATH=$folder/python
python3 -m moto.server --host 127.0.0.1 --port "$port" >server.log 2>&1 &
server=$!
cat >ask.py <<'PYTHON'
import datetime
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
        s3.create_bucket(Bucket='archive', ObjectLockEnabledForBucket=True)
        break
    except BotoCoreError:
        time.sleep(0.2)

until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=5)
lock = {'ObjectLockMode': 'GOVERNANCE', 'ObjectLockRetainUntilDate': until}
s3.put_object(Bucket='archive', Key='whole', Body=b'a dump', ContentMD5='dHXMA4ZqPQCr4B3poqUcMg==', **lock)
upload = s3.create_multipart_upload(Bucket='archive', Key='in-parts', **lock)['UploadId']
part = s3.upload_part(Bucket='archive', Key='in-parts', UploadId=upload, PartNumber=1, Body=b'a dump')
parts = {'Parts': [{'PartNumber': 1, 'ETag': part['ETag']}]}
s3.complete_multipart_upload(Bucket='archive', Key='in-parts', UploadId=upload, MultipartUpload=parts)
for key in ('whole', 'in-parts'):
    print(key + ':', s3.head_object(Bucket='archive', Key=key).get('ObjectLockMode', 'no lock'))
PYTHON
python3 ask.py "$port" | tee seen.txt
diff seen.txt - <<'SEEN'
whole: GOVERNANCE
in-parts: no lock
SEEN
echo 'as it was'
