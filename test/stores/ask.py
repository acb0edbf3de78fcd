"""What an S3 server does, asked by boto3, a client that is not ours: a JSON object by the names of the claims of `check`, which are compared with it.

Usage: boto3-python ask.py ENDPOINT ACCESS_KEY SECRET_KEY
"""

import base64
import datetime
import hashlib
import json
import sys
import threading
import uuid
import zlib

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ENDPOINT, KEY, SECRET = sys.argv[1:4]
BODY = b'a small object of a measurement\n'
OTHER = b'A small object of a measurement\n'
PART = 5 * 1024 * 1024


def client(secret=SECRET, **more):
    config = Config(
        retries={'max_attempts': 1},
        s3={'addressing_style': 'path'},
        request_checksum_calculation='when_required',
        response_checksum_validation='when_required',
        max_pool_connections=32,
        **more,
    )
    return boto3.client(
        's3', endpoint_url=ENDPOINT, region_name='us-east-1', aws_access_key_id=KEY, aws_secret_access_key=secret, config=config
    )


s3 = client()


def new_bucket(**options):
    name = f'asked-{uuid.uuid4()}'
    s3.create_bucket(Bucket=name, **options)
    return name


BUCKET = new_bucket()


def answer(ask):
    """(answer, None), or (None, (status, code))."""
    try:
        return ask(), None
    except ClientError as error:
        return None, (error.response['ResponseMetadata'].get('HTTPStatusCode', 0), error.response['Error'].get('Code', ''))
    except BotoCoreError as error:
        return None, (0, type(error).__name__)


def md5(data):
    return hashlib.md5(data).digest()


def crc32(data):
    return zlib.crc32(data).to_bytes(4, 'big')


def text(data):
    return base64.b64encode(data).decode()


DIGESTS = {
    'Content-MD5': lambda data: {'ContentMD5': text(md5(data))},
    'x-amz-checksum-crc32': lambda data: {'ChecksumAlgorithm': 'CRC32', 'ChecksumCRC32': text(crc32(data))},
}


def verdict(error):
    return 'ignored' if error is None else 'verified' if error[0] == 400 else f'untold ({error[0]} {error[1]})'


def put_wrong(key, digest):
    _, error = answer(lambda: s3.put_object(Bucket=BUCKET, Key=key, Body=BODY, **digest(OTHER)))
    return verdict(error) if answer(lambda: s3.put_object(Bucket=BUCKET, Key=key + '-right', Body=BODY, **digest(BODY)))[1] is None else 'refused'


def begin(key, digest=None, **more):
    algorithm = {'ChecksumAlgorithm': 'CRC32'} if digest == 'x-amz-checksum-crc32' else {}
    return s3.create_multipart_upload(Bucket=BUCKET, Key=key, **algorithm, **more)['UploadId']


def part_wrong(key, name):
    digest = DIGESTS[name]
    upload = begin(key, name)
    _, error = answer(lambda: s3.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=1, Body=BODY, **digest(OTHER)))
    answer(lambda: s3.abort_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload))
    upload = begin(key, name)
    right = answer(lambda: s3.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=1, Body=BODY, **digest(BODY)))
    answer(lambda: s3.abort_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload))
    return verdict(error) if right[1] is None else 'refused'


def changed_after_signing():
    """The digest of the body that is signed with the request: does anybody compare it."""
    mine = client()

    def flip(request, **_):
        request.body = OTHER

    mine.meta.events.register('before-send.s3.PutObject', flip)
    return verdict(answer(lambda: mine.put_object(Bucket=BUCKET, Key='signed', Body=BODY))[1])


def upload(key, name, parts, wrong=False, **more):
    """An upload in parts with this digest; the first part's is that of other bytes where `wrong`."""
    digest = DIGESTS[name]
    upload_id = begin(key, name)
    done = []
    for number, data in enumerate(parts, 1):
        told = digest(OTHER if wrong else data)
        part = s3.upload_part(Bucket=BUCKET, Key=key, UploadId=upload_id, PartNumber=number, Body=data, **told)
        entry = {'PartNumber': number, 'ETag': part['ETag']}
        if name == 'x-amz-checksum-crc32':
            entry['ChecksumCRC32'] = told['ChecksumCRC32']
        done.append(entry)
    return s3.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload_id, MultipartUpload={'Parts': done}, **more)


def head(key):
    return s3.head_object(Bucket=BUCKET, Key=key, ChecksumMode='ENABLED')


def own_checksum():
    """Whether HEAD tells the CRC-32 of what lies there, of a put and of an upload in parts, and not merely what came with it."""
    name = 'x-amz-checksum-crc32'
    wanted = text(crc32(BODY))
    composite = text(crc32(crc32(BODY)))
    # Ceph 20 calls that of a single part composite, and answers the part's own.
    of_parts = [wanted, composite, f'{composite}-1', f'{wanted}-1']
    steps = [
        (lambda: s3.put_object(Bucket=BUCKET, Key='crc', Body=BODY, **DIGESTS[name](BODY)), 'crc', [wanted], True),
        (lambda: s3.put_object(Bucket=BUCKET, Key='crc-wrong', Body=BODY, **DIGESTS[name](OTHER)), 'crc-wrong', [wanted], False),
        (lambda: upload('crc-parts', name, [BODY]), 'crc-parts', of_parts, True),
        (lambda: upload('crc-parts-wrong', name, [BODY], wrong=True), 'crc-parts-wrong', of_parts, False),
    ]
    for send, key, right, must in steps:
        _, error = answer(send)
        if error is not None:
            if must:
                return False
            continue
        told = head(key).get('ChecksumCRC32')
        if (told is None and must) or (told is not None and told not in right):
            return False
    return True


def md5_etags():
    def etag(key):
        return head(key).get('ETag', '').strip('"').lower()

    s3.put_object(Bucket=BUCKET, Key='etag', Body=BODY, **DIGESTS['Content-MD5'](BODY))
    if etag('etag') != md5(BODY).hex():
        return 'none'
    if answer(lambda: s3.put_object(Bucket=BUCKET, Key='etag-wrong', Body=BODY, **DIGESTS['Content-MD5'](OTHER)))[1] is None:
        if etag('etag-wrong') == md5(OTHER).hex():
            return 'none'
    upload('etag-parts', 'Content-MD5', [BODY])
    return 'all' if etag('etag-parts') == f'{md5(md5(BODY)).hex()}-1' else 'single-put'


def bytes_at(key):
    found, _ = answer(lambda: s3.get_object(Bucket=BUCKET, Key=key)['Body'].read())
    return found


def honour(error, key):
    back = bytes_at(key)
    if error is None or back == OTHER:
        return 'ignored'
    is_conflict = error[0] == 412 or error[1] == 'FileAlreadyExists'
    return 'honoured' if is_conflict and back == BODY else 'refused'


def if_absent(header, value):
    mine = client()
    key = f'absent-{header}'
    s3.put_object(Bucket=BUCKET, Key=key, Body=BODY)

    def add(request, **_):
        request.headers[header] = value

    mine.meta.events.register('before-sign.s3.PutObject', add)
    return honour(answer(lambda: mine.put_object(Bucket=BUCKET, Key=key, Body=OTHER))[1], key)


def if_absent_on_complete():
    s3.put_object(Bucket=BUCKET, Key='complete', Body=BODY)
    return honour(answer(lambda: upload('complete', 'Content-MD5', [OTHER], IfNoneMatch='*'))[1], 'complete')


def abort_spares_object():
    left = begin('spared')
    upload('spared', 'Content-MD5', [BODY])
    s3.abort_multipart_upload(Bucket=BUCKET, Key='spared', UploadId=left)
    return bytes_at('spared') == BODY


def small_parts():
    _, error = answer(lambda: upload('small-parts', 'Content-MD5', [b'x' * 65536, BODY]))
    return 'accepted' if error is None else 'refused'


def pages_by_token():
    page = s3.list_objects_v2(Bucket=BUCKET, MaxKeys=1)
    return page.get('IsTruncated') is True and bool(page.get('NextContinuationToken'))


def listing_order():
    for key in ('order-1', 'order/1', 'order/2'):
        s3.put_object(Bucket=BUCKET, Key=key, Body=BODY)
    keys = [one['Key'] for one in s3.list_objects_v2(Bucket=BUCKET, Prefix='order').get('Contents', [])]
    return {'order-1 order/1 order/2': 'bytes', 'order/1 order/2 order-1': 'folders'}.get(' '.join(keys), 'none')


def lists_uploads():
    upload_id = begin('listed')
    found = s3.list_multipart_uploads(Bucket=BUCKET, Prefix='listed').get('Uploads', [])
    mine = [one for one in found if one['UploadId'] == upload_id]
    now = datetime.datetime.now(datetime.timezone.utc)
    age = abs((now - mine[0]['Initiated']).total_seconds()) if mine else None
    s3.abort_multipart_upload(Bucket=BUCKET, Key='listed', UploadId=upload_id)
    return bool(mine), 'untold' if age is None else 'right' if age < 3600 else str(mine[0]['Initiated'].date())


def allowed(asking):
    asks = {
        'list': lambda: asking.list_objects(Bucket=BUCKET, MaxKeys=1),
        'read': lambda: asking.get_object(Bucket=BUCKET, Key='read'),
        'write': lambda: asking.put_object(Bucket=BUCKET, Key='written', Body=BODY),
    }
    s3.put_object(Bucket=BUCKET, Key='read', Body=BODY)
    return ', '.join(what for what, ask in asks.items() if answer(ask)[1] is None) or 'nothing'


def race():
    """Of sixteen who put one key if absent at once, how many are told that they did; the most of five rounds."""
    most = 0
    for turn in range(5):
        barrier = threading.Barrier(16)
        told = []

        def put(index):
            barrier.wait()
            body = f'run {index}'.encode()
            if answer(lambda: s3.put_object(Bucket=BUCKET, Key=f'race-{turn}', Body=body, IfNoneMatch='*'))[1] is None:
                told.append(index)

        threads = [threading.Thread(target=put, args=(index,)) for index in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        most = max(most, len(told))
    return most


def lock_of(bucket):
    found, error = answer(lambda: s3.get_object_lock_configuration(Bucket=bucket))
    if error is not None:
        off = error[1] == 'ObjectLockConfigurationNotFoundError' or error[0] == 404
        return 'off' if off else 'untold'
    return 'on' if found.get('ObjectLockConfiguration', {}).get('ObjectLockEnabled') == 'Enabled' else 'off'


def object_lock():
    """In a bucket made for it: is the lock shown of a put and of an upload in parts, and does it hold."""
    bucket, error = answer(lambda: new_bucket(ObjectLockEnabledForBucket=True))
    if error is not None or lock_of(bucket) != 'on':
        return {'bucket': 'none'}
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=2)
    lock = {'ObjectLockMode': 'GOVERNANCE', 'ObjectLockRetainUntilDate': until}
    put, error = answer(lambda: s3.put_object(Bucket=bucket, Key='locked', Body=BODY, **DIGESTS['Content-MD5'](BODY), **lock))
    if error is not None:
        return {'bucket': 'made', 'put': f'refused ({error[0]} {error[1]})'}
    shown = s3.head_object(Bucket=bucket, Key='locked').get('ObjectLockMode') is not None

    def in_parts():
        upload_id = s3.create_multipart_upload(Bucket=bucket, Key='in-parts', **lock)['UploadId']
        part = s3.upload_part(Bucket=bucket, Key='in-parts', UploadId=upload_id, PartNumber=1, Body=BODY)
        parts = {'Parts': [{'PartNumber': 1, 'ETag': part['ETag']}]}
        s3.complete_multipart_upload(Bucket=bucket, Key='in-parts', UploadId=upload_id, MultipartUpload=parts)
        return s3.head_object(Bucket=bucket, Key='in-parts').get('ObjectLockMode') is not None

    parts, parts_error = answer(in_parts)
    version = {'VersionId': put['VersionId']} if 'VersionId' in put else {}
    _, refused = answer(lambda: s3.delete_object(Bucket=bucket, Key='locked', **version))
    return {
        'bucket': 'made',
        'put': 'shown' if shown else 'dropped',
        'parts': f'refused ({parts_error[0]})' if parts_error else 'shown' if parts else 'dropped',
        'held': 'enforced' if refused is not None else 'not-enforced',
    }


def main():
    facts = {}
    facts['access.wrongKey'] = allowed(client(secret='wrong'))
    facts['access.noKey'] = allowed(client(signature_version=UNSIGNED))
    for name, digest in DIGESTS.items():
        facts[f'checks-on-arrival.{name}'] = put_wrong(f'wrong-{name}', digest)
        facts[f'checks-on-arrival.{name} of a part'] = part_wrong(f'wrong-part-{name}', name)
    facts['checks-on-arrival.x-amz-content-sha256'] = changed_after_signing()
    facts['proof.checksums'] = 'x-amz-checksum-crc32' if own_checksum() else 'none'
    facts['proof.md5Etags'] = md5_etags()
    facts['aborted-uploads.sparesObject'] = abort_spares_object()
    facts['multipart.smallParts'] = small_parts()
    for header, value in (('If-None-Match', '*'), ('x-cos-forbid-overwrite', 'true'), ('x-oss-forbid-overwrite', 'true')):
        facts[f'put-if-absent.{header}'] = if_absent(header, value)
    facts['put-if-absent-on-complete.If-None-Match'] = if_absent_on_complete()
    facts['listing.secondVersionWorks'] = pages_by_token()
    facts['listing.order'] = listing_order()
    facts['stale-uploads.listed'], dated = lists_uploads()
    facts['object-lock.enabled'] = lock_of(BUCKET)
    facts['encryption.algorithm'] = head('etag').get('ServerSideEncryption', 'none')
    kept = s3.put_object(Bucket=BUCKET, Key='versions', Body=BODY).get('VersionId', 'null')
    facts['versioning.status'] = 'off' if kept == 'null' else 'Enabled'
    lock = object_lock()
    facts['race'] = race()
    facts['uploads-dated'] = dated
    facts['server'] = s3.list_objects_v2(Bucket=BUCKET, MaxKeys=1)['ResponseMetadata']['HTTPHeaders'].get('server', '')
    json.dump({'facts': facts, 'lock': lock}, sys.stdout, indent=2)


main()
