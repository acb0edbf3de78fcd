#!/usr/bin/env bash
# moto: ListMultipartUploads says of every upload that it began on 10 November 2010.
# Seen on 2026-11-28, moto 5.2.5 by boto3 1.44.8:
#   initiated: 2010-11-10T20:48:33+00:00
# Whoever gives up uploads that are older than a day gives up those of this minute too.
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

s3.create_multipart_upload(Bucket='archive', Key='dump.rdb')
(found,) = s3.list_multipart_uploads(Bucket='archive')['Uploads']
print('initiated:', found['Initiated'].isoformat())
PYTHON
python3 ask.py "$port" | tee seen.txt
diff seen.txt - <<'SEEN'
initiated: 2010-11-10T20:48:33+00:00
SEEN
echo 'as it was'
