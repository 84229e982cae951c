/** Longshore's own certificate authority: makes itself once, then signs certificates of clients and of servers. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  GeneralName,
  KeyUsage,
  KeyUsageFlags,
  type Name,
  SubjectAlternativeName,
} from '@peculiar/asn1-x509';
import type { CertificateAuthority, Holder, IssuedCertificate } from '../domain/certificate.ts';
import { sha256 } from '../domain/clock.ts';
import {
  arrayBuffer,
  type CertificateParts,
  COMMON_NAME,
  distinguishedName,
  extension,
  ORGANIZATION,
  pem,
  type Signer,
  signCertificate,
} from './certificate.ts';
import { readRequest } from './request.ts';

export interface KeyAndCertificate {
  certificatePem: string;
  privateKeyPem: string;
}

export interface Lifetime {
  serial: Uint8Array;
  notBefore: Date;
  notAfter: Date;
}

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

/** A new authority with a P-256 key. It can sign certificates, but no further authorities. */
export function createAuthority(lifetime: Lifetime): KeyAndCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = distinguishedName([
    [ORGANIZATION, 'Longshore'],
    [COMMON_NAME, `Longshore CA ${Buffer.from(lifetime.serial).toString('hex').slice(0, 8)}`],
  ]);
  const extensions = [
    extension('2.5.29.19', new BasicConstraints({ cA: true, pathLenConstraint: 0 }), true),
    extension('2.5.29.15', new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign), true),
  ];
  const parts = { ...positive(lifetime), subject: name, publicKey, extensions };
  return both(signCertificate(parts, { name, publicKey, privateKey }), privateKey);
}

/** Throws unless the certificate is an authority's and the key its own. */
export function openAuthority({ certificatePem, privateKeyPem }: KeyAndCertificate): CertificateAuthority {
  const { signer, certificate } = signerOf({ certificatePem, privateKeyPem });
  return {
    certificatePem: certificate.toString(),
    issue(requestPem, to) {
      const publicKey = readRequest(requestPem);
      return issueClient(publicKey, to, signer, certificate.validToDate);
    },
  };
}

function issueClient(publicKey: KeyObject, to: Holder, signer: Signer, latest: Date): IssuedCertificate {
  const notAfter = to.notAfter < latest ? to.notAfter : latest;
  const { serial } = positive(to);
  const subject = distinguishedName([
    [ORGANIZATION, to.tenant],
    [COMMON_NAME, to.name],
  ]);
  const extensions = leafExtensions(CLIENT_AUTH);
  const der = signCertificate({ ...to, notAfter, serial, subject, publicKey, extensions }, signer);
  return {
    pem: pem('CERTIFICATE', der),
    fingerprint: sha256(der),
    serial: Buffer.from(serial).toString('hex'),
    notAfter,
  };
}

/** A server's certificate with a key of its own. @param hosts DNS names and IP addresses that clients connect to */
export function issueServer(authority: KeyAndCertificate, hosts: string[], lifetime: Lifetime): KeyAndCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const names = hosts.map((host) => new GeneralName(isIP(host) ? { iPAddress: host } : { dNSName: host }));
  const parts: CertificateParts = {
    ...positive(lifetime),
    subject: distinguishedName([[COMMON_NAME, hosts[0] ?? 'longshore']]),
    publicKey,
    extensions: [...leafExtensions(SERVER_AUTH), extension('2.5.29.17', new SubjectAlternativeName(names))],
  };
  return both(signCertificate(parts, signerOf(authority).signer), privateKey);
}

const leafExtensions = (purpose: string) => [
  extension('2.5.29.19', new BasicConstraints({ cA: false }), true),
  extension('2.5.29.15', new KeyUsage(KeyUsageFlags.digitalSignature), true),
  extension('2.5.29.37', new ExtendedKeyUsage([purpose])),
];

/** The name is taken from the certificate as it is: the issuer of what is signed must equal it byte for byte. */
function signerOf({ certificatePem, privateKeyPem }: KeyAndCertificate): {
  signer: Signer;
  certificate: X509Certificate;
} {
  const certificate = new X509Certificate(certificatePem);
  const privateKey = createPrivateKey(privateKeyPem);
  if (!certificate.ca) throw new Error('The certificate is not that of a certificate authority');
  if (!certificate.checkPrivateKey(privateKey)) throw new Error('The private key is not that of the certificate');
  const name: Name = AsnConvert.parse(arrayBuffer(certificate.raw), Certificate).tbsCertificate.subject;
  return { signer: { name, publicKey: createPublicKey(privateKey), privateKey }, certificate };
}

/** A serial number is positive, and its DER must not begin with a zero that it does not need. */
function positive<T extends { serial: Uint8Array }>(lifetime: T): T {
  const serial = Uint8Array.from(lifetime.serial);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return { ...lifetime, serial };
}

function both(der: Uint8Array, privateKey: KeyObject): KeyAndCertificate {
  return {
    certificatePem: pem('CERTIFICATE', der),
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
