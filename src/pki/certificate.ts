/** Builds and signs X.509 v3 certificates out of parts; which parts a certificate has is the authority's business. */
import { createHash, type KeyObject, sign } from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  Certificate,
  Extension,
  Extensions,
  KeyIdentifier,
  Name,
  RelativeDistinguishedName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';

/** Who signs: the name as it stands in its own certificate, and both halves of the key. */
export interface Signer {
  name: Name;
  publicKey: KeyObject;
  privateKey: KeyObject;
}

export interface CertificateParts {
  subject: Name;
  publicKey: KeyObject;
  /** Positive, at most 20 bytes, big-endian. */
  serial: Uint8Array;
  notBefore: Date;
  notAfter: Date;
  extensions: Extension[];
}

/** DER. */
export function signCertificate(parts: CertificateParts, signer: Signer): Buffer {
  const signature = signatureAlgorithm(signer.privateKey);
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: arrayBuffer(parts.serial),
    signature,
    issuer: signer.name,
    validity: new Validity({ notBefore: parts.notBefore, notAfter: parts.notAfter }),
    subject: parts.subject,
    subjectPublicKeyInfo: AsnConvert.parse(spki(parts.publicKey), SubjectPublicKeyInfo),
    extensions: new Extensions([
      ...parts.extensions,
      extension('2.5.29.14', new SubjectKeyIdentifier(keyId(parts.publicKey))),
      extension('2.5.29.35', new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyId(signer.publicKey)) })),
    ]),
  });
  const signatureValue = sign('sha256', Buffer.from(AsnConvert.serialize(tbsCertificate)), signer.privateKey);
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: signature,
    signatureValue: arrayBuffer(signatureValue),
  });
  return Buffer.from(AsnConvert.serialize(certificate));
}

/** A distinguished name of these attributes, by OID, in this order. */
export function distinguishedName(attributes: [type: string, value: string][]): Name {
  return new Name(
    attributes.map(
      ([type, utf8String]) =>
        new RelativeDistinguishedName([new AttributeTypeAndValue({ type, value: new AttributeValue({ utf8String }) })]),
    ),
  );
}

export const COMMON_NAME = '2.5.4.3';
export const ORGANIZATION = '2.5.4.10';

export function extension(extnID: string, value: object, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

export function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

export function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}

/** SHA-256 with what the key can do. Throws for a key that is neither EC nor RSA. */
export function signatureAlgorithm({ asymmetricKeyType }: KeyObject): AlgorithmIdentifier {
  if (asymmetricKeyType === 'ec') return new AlgorithmIdentifier({ algorithm: '1.2.840.10045.4.3.2' });
  if (asymmetricKeyType === 'rsa') {
    return new AlgorithmIdentifier({ algorithm: '1.2.840.113549.1.1.11', parameters: null });
  }
  throw new Error(`The key of a certificate authority must be EC or RSA, not ${asymmetricKeyType}`);
}

export function spki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

function keyId(key: KeyObject): ArrayBuffer {
  return arrayBuffer(createHash('sha256').update(spki(key)).digest().subarray(0, 20));
}
