# SPDX-License-Identifier: Apache-2.0
"""A certificate that ended yesterday, or one for another host, by a CA:
certificate.py DIR NAME HOST DAYS, DAYS from now (negative: it is over)."""
import datetime
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

directory, name, host, days = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
with open(f"{directory}/ca.crt", "rb") as file:
    ca = x509.load_pem_x509_certificate(file.read())
with open(f"{directory}/ca.key", "rb") as file:
    ca_key = serialization.load_pem_private_key(file.read(), None)
now = datetime.datetime.utcnow()
key = rsa.generate_private_key(65537, 2048)
names = [x509.DNSName(host)]
if host == "localhost":
    import ipaddress
    names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
certificate = (x509.CertificateBuilder()
               .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]))
               .issuer_name(ca.subject)
               .public_key(key.public_key())
               .serial_number(x509.random_serial_number())
               .not_valid_before(now - datetime.timedelta(days=9))
               .not_valid_after(now + datetime.timedelta(days=days))
               .add_extension(x509.SubjectAlternativeName(names), False)
               .sign(ca_key, hashes.SHA256()))
private = key.private_bytes(serialization.Encoding.PEM,
                            serialization.PrivateFormat.PKCS8,
                            serialization.NoEncryption())
public = certificate.public_bytes(serialization.Encoding.PEM)
for suffix, data in (("key", private), ("crt", public), ("pem", private + public)):
    with open(f"{directory}/{name}.{suffix}", "wb") as file:
        file.write(data)
