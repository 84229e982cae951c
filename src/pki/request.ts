/** Certificate requests (PKCS #10): made where the private key is, read where certificates are signed. */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { CertificationRequest, CertificationRequestInfo } from '@peculiar/asn1-csr';
import { AsnConvert } from '@peculiar/asn1-schema';
import { SubjectPublicKeyInfo } from '@peculiar/asn1-x509';
import { AppError } from '../domain/errors.ts';
import { arrayBuffer, COMMON_NAME, distinguishedName, pem, signatureAlgorithm, spki } from './certificate.ts';

export interface NewRequest {
  /** PKCS #8 in PEM; to be kept where it was made. */
  privateKeyPem: string;
  requestPem: string;
}

/** A new P-256 key and a request for it. */
export function createRequest(commonName: string): NewRequest {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificationRequestInfo = new CertificationRequestInfo({
    version: 0,
    subject: distinguishedName([[COMMON_NAME, commonName]]),
    subjectPKInfo: AsnConvert.parse(spki(publicKey), SubjectPublicKeyInfo),
  });
  const signed = Buffer.from(AsnConvert.serialize(certificationRequestInfo));
  const request = new CertificationRequest({
    certificationRequestInfo,
    signatureAlgorithm: signatureAlgorithm(privateKey),
    signature: arrayBuffer(sign('sha256', signed, privateKey)),
  });
  return {
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    requestPem: pem('CERTIFICATE REQUEST', Buffer.from(AsnConvert.serialize(request))),
  };
}

const oneBlock =
  /^\s*-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]+)-----END (?:NEW )?CERTIFICATE REQUEST-----\s*$/;

/** The signatures that a request may bear. Those with SHA-1 or MD5 are not here. */
const signatures: Record<string, { keyType: string; digest: string | null }> = {
  '1.2.840.10045.4.3.2': { keyType: 'ec', digest: 'sha256' },
  '1.2.840.10045.4.3.3': { keyType: 'ec', digest: 'sha384' },
  '1.2.840.10045.4.3.4': { keyType: 'ec', digest: 'sha512' },
  '1.2.840.113549.1.1.11': { keyType: 'rsa', digest: 'sha256' },
  '1.2.840.113549.1.1.12': { keyType: 'rsa', digest: 'sha384' },
  '1.2.840.113549.1.1.13': { keyType: 'rsa', digest: 'sha512' },
  '1.3.101.112': { keyType: 'ed25519', digest: null },
};

/** The key that a request is for, once it is strong enough and has signed the request. Throws invalid, which says what is wrong. */
export function readRequest(requestPem: string): KeyObject {
  const { request, publicKey } = parse(requestPem);
  requireStrength(publicKey);
  const kind = signatures[request.signatureAlgorithm.algorithm];
  if (!kind || kind.keyType !== publicKey.asymmetricKeyType) {
    throw invalid('must be signed with SHA-256, SHA-384 or SHA-512 and ECDSA or RSA, or with Ed25519');
  }
  const signed = Buffer.from(request.certificationRequestInfoRaw ?? new ArrayBuffer());
  if (!verify(kind.digest, signed, publicKey, Buffer.from(request.signature))) {
    throw invalid('is not signed by the key that it names');
  }
  return publicKey;
}

function parse(requestPem: string): { request: CertificationRequest; publicKey: KeyObject } {
  const base64 = oneBlock.exec(requestPem)?.[1];
  if (!base64) throw invalid('must be one PEM block, "-----BEGIN CERTIFICATE REQUEST-----"');
  try {
    const request = AsnConvert.parse(Buffer.from(base64, 'base64'), CertificationRequest);
    const { subjectPKInfo } = request.certificationRequestInfo;
    requireNamedCurve(subjectPKInfo);
    const info = Buffer.from(AsnConvert.serialize(subjectPKInfo));
    return { request, publicKey: createPublicKey({ key: info, format: 'der', type: 'spki' }) };
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw invalid('is not a PKCS #10 certificate request', error);
  }
}

const EC_KEY = '1.2.840.10045.2.1';
/** DER's tag of an object identifier. */
const OID_TAG = 6;

/** A curve that comes with its parameters may be anything; it must not even be looked at. */
function requireNamedCurve({ algorithm: { algorithm, parameters } }: SubjectPublicKeyInfo): void {
  if (algorithm !== EC_KEY) return;
  if (!parameters || new Uint8Array(parameters)[0] !== OID_TAG) throw tooWeak();
}

const curves = ['prime256v1', 'secp384r1', 'secp521r1'];

/** Neither weak nor so large that checking signatures becomes a burden. */
function requireStrength({ asymmetricKeyType, asymmetricKeyDetails: details = {} }: KeyObject): void {
  const { modulusLength = 0, publicExponent = 0n } = details;
  const strong =
    asymmetricKeyType === 'ed25519' ||
    (asymmetricKeyType === 'ec' && curves.includes(details.namedCurve ?? '')) ||
    (asymmetricKeyType === 'rsa' && modulusLength >= 2048 && modulusLength <= 4096 && publicExponent === 65_537n);
  if (!strong) throw tooWeak();
}

function tooWeak(): AppError {
  return invalid('needs a key of P-256, P-384, P-521, Ed25519, or RSA with 2048 to 4096 bits and the exponent 65537');
}

function invalid(what: string, cause?: unknown): AppError {
  const message = `the request ${what}`;
  return new AppError('invalid', `csr: ${message}`, { details: { fields: [{ path: 'csr', message }] }, cause });
}
