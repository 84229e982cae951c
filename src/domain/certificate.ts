/** A client certificate as the rest of Longshore knows it; what X.509 makes of it is in src/pki. */

/** Signs client certificates. One per installation, the same for all of its processes. */
export interface CertificateAuthority {
  /** What clients trust, and what they need beside their certificate. */
  readonly certificatePem: string;
  /**
   * A certificate for the key of a PKCS #10 request in PEM, which must be signed by that key. Nothing else is taken from the
   * request. Throws invalid for what is no such request, or for a weak key.
   */
  issue(requestPem: string, to: Holder): IssuedCertificate;
}

export interface Holder {
  tenant: string;
  name: string;
  /** 16 random bytes. */
  serial: Uint8Array;
  notBefore: Date;
  notAfter: Date;
}

export interface IssuedCertificate {
  pem: string;
  /** SHA-256 of its DER in hex: the id under which it is known. */
  fingerprint: string;
  /** Hex, as `openssl x509 -serial` shows it, in lower case. */
  serial: string;
  notAfter: Date;
}

/** Whether an id is that of a certificate; those of keys are shorter. */
export function isFingerprint(id: string): boolean {
  return /^[0-9a-f]{64}$/.test(id);
}
