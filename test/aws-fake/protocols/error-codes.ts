/** The names that older services have for the errors that all services share. */
import { AwsError } from '../aws-error.ts';

const ownNames: Record<string, Record<string, [code: string, status: number]>> = {
  ec2: {
    AccessDeniedException: ['UnauthorizedOperation', 403],
    UnrecognizedClientException: ['AuthFailure', 401],
    InvalidSignatureException: ['SignatureDoesNotMatch', 403],
    ExpiredTokenException: ['RequestExpired', 400],
    ThrottlingException: ['RequestLimitExceeded', 503],
    MissingAuthenticationTokenException: ['MissingAuthenticationToken', 403],
  },
  sts: {
    AccessDeniedException: ['AccessDenied', 403],
    UnrecognizedClientException: ['InvalidClientTokenId', 403],
    InvalidSignatureException: ['SignatureDoesNotMatch', 403],
    ExpiredTokenException: ['ExpiredToken', 403],
    ThrottlingException: ['Throttling', 400],
    MissingAuthenticationTokenException: ['MissingAuthenticationToken', 403],
  },
  s3: {
    AccessDeniedException: ['AccessDenied', 403],
    UnrecognizedClientException: ['InvalidAccessKeyId', 403],
    InvalidSignatureException: ['SignatureDoesNotMatch', 403],
    ExpiredTokenException: ['ExpiredToken', 400],
    ThrottlingException: ['SlowDown', 503],
    MissingAuthenticationTokenException: ['AccessDenied', 403],
  },
};

/** The error as that service names it. @param service the signing name */
export function errorAs(service: string, error: AwsError): AwsError {
  const named = ownNames[service]?.[error.code];
  return named ? new AwsError(named[0], error.message, named[1], error.details) : error;
}
