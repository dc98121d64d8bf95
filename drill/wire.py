"""HTTP on loopback, for who measures or tries the product: nothing is encrypted, so no certificates are read.

Reading those of the whole world takes httpx more than 50 ms of processor time for each client, and its plain functions make one
for each request: a look every tenth of a second then takes half a core away from what is looked at.
"""

import ssl
from functools import partial

import httpx2

NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

Client = partial(httpx2.Client, verify=NO_CERTIFICATES, trust_env=False)
request = partial(httpx2.request, verify=NO_CERTIFICATES, trust_env=False)
get = partial(httpx2.get, verify=NO_CERTIFICATES, trust_env=False)
post = partial(httpx2.post, verify=NO_CERTIFICATES, trust_env=False)
