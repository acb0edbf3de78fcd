#!/usr/bin/env bash
# Adobe S3Mock: AbortMultipartUpload of one upload deletes the object that another upload to the same key has finished.
# Seen on 2026-11-28, S3Mock 5.2.0 (Maven) by boto3 1.44.8:
#   finished: a dump
#   after the abort of the other: NoSuchKey
# On S3 an upload that is given up touches nothing but its own parts.
# Installs the packages in a temporary folder, starts the server there on a free port, and ends in 1 when it does anything else.
# Needs Python with pip, Java 17 and Maven.
set -eu
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; wait 2>/dev/null; chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
python3 -m pip install --quiet --disable-pip-version-check --only-binary :all: --target python boto3==1.44.8 2>pip.log || { cat pip.log; exit 1; }
export PYTHONPATH=$folder/python
mvn --quiet --batch-mode dependency:copy -Dartifact=com.adobe.testing:s3mock:5.2.0:jar:exec -DoutputDirectory="$folder" >mvn.log || { cat mvn.log; exit 1; }
java -jar s3mock-5.2.0-exec.jar --http.port="$port" --server.port=0 >server.log 2>&1 &
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

left = s3.create_multipart_upload(Bucket='archive', Key='dump.rdb')['UploadId']
finished = s3.create_multipart_upload(Bucket='archive', Key='dump.rdb')['UploadId']
part = s3.upload_part(Bucket='archive', Key='dump.rdb', UploadId=finished, PartNumber=1, Body=b'a dump')
parts = {'Parts': [{'PartNumber': 1, 'ETag': part['ETag']}]}
s3.complete_multipart_upload(Bucket='archive', Key='dump.rdb', UploadId=finished, MultipartUpload=parts)
print('finished:', s3.get_object(Bucket='archive', Key='dump.rdb')['Body'].read().decode())
s3.abort_multipart_upload(Bucket='archive', Key='dump.rdb', UploadId=left)
try:
    print('after the abort of the other:', s3.get_object(Bucket='archive', Key='dump.rdb')['Body'].read().decode())
except ClientError as error:
    print('after the abort of the other:', error.response['Error']['Code'])
PYTHON
python3 ask.py "$port" | tee seen.txt
diff seen.txt - <<'SEEN'
finished: a dump
after the abort of the other: NoSuchKey
SEEN
echo 'as it was'
