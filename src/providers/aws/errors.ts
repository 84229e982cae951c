/**
 * One table from what AWS answers to the port's error codes. AWS's own text names accounts, ARNs and tenants' objects: it
 * is matched here and travels in `cause`, never in the message. The name of a denied action is the operator's to know.
 */
import { AppError, type ErrorCode } from '../../domain/errors.ts';

/** What a call is about, in words that a tenant may read. */
export interface Subject {
  noun: string;
  /** The tenant's own name of it, where the call knows one. */
  reference?: string | undefined;
}

interface Rule {
  /** Of the error's name, which is AWS's error code. */
  name?: RegExp;
  text?: RegExp;
  code: ErrorCode;
  say: (subject: Subject, action: string) => string;
}

const gone = ({ noun, reference }: Subject) =>
  reference === undefined ? `The ${noun} is gone from AWS` : `No such ${noun}: ${reference}`;
const credentials = () => "Longshore's AWS credentials are missing, expired or not valid";
const capacity = () => 'AWS has no capacity for another container at the moment';

const quoted = /Value '[\s\S]*?' at (?=')/g;

/** The first that fits decides. */
const rules: readonly Rule[] = [
  {
    name: /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown/i,
    code: 'rate_limited',
    say: () => 'AWS asks to slow down',
  },
  {
    name: /ExpiredToken|UnrecognizedClient|InvalidClientTokenId|InvalidSignature|SignatureDoesNotMatch|AuthFailure|CredentialsProviderError|InvalidAccessKeyId|TokenRefreshRequired/i,
    code: 'unavailable',
    say: credentials,
  },
  {
    name: /AccessDenied|UnauthorizedOperation|AuthorizationError|Forbidden/i,
    code: 'forbidden',
    say: (_, action) => `Longshore is not allowed ${action} in its AWS account`,
  },
  { text: /capacity is unavailable|insufficient capacity/i, code: 'unavailable', say: capacity },
  {
    name: /^(InsufficientFreeAddressesInSubnet)$/,
    code: 'unavailable',
    say: () => 'A subnet has no free address left',
  },
  {
    // What is in another region than ours is there for nobody here; only S3 says so.
    name: /InvalidVpcID|FileSystemNotFound|NoSuchBucket|PermanentRedirect|AuthorizationHeaderMalformed/,
    code: 'unavailable',
    say: () => 'What Longshore is set to use in its AWS account is not there',
  },
  {
    text: /role is not valid|unable to assume the role/i,
    code: 'forbidden',
    say: () => 'A role that Longshore is set to use is not valid',
  },
  { name: /ClusterNotFound/i, code: 'not_found', say: () => "The tenant's cluster is gone from AWS" },
  {
    name: /DependencyViolation|ResourceInUse|InUseException/i,
    code: 'conflict',
    say: ({ noun }) => `The ${noun} is in use`,
  },
  { text: /security group information/i, code: 'not_found', say: () => 'A network of the container is gone from AWS' },
  { text: /subnet information/i, code: 'unavailable', say: () => 'A subnet that Longshore is set to use is not there' },
  { name: /NotFound|NoSuch|ResourceNotFound/i, code: 'not_found', say: gone },
  { text: /\bnot found\b|does not exist/i, code: 'not_found', say: gone },
  {
    name: /LimitExceeded|QuotaExceeded/i,
    code: 'limit',
    say: ({ noun }, action) => `A quota of the AWS account allows no further ${noun} (${action})`,
  },
  {
    name: /AlreadyExists|Duplicate|Conflict|PreconditionFailed/i,
    code: 'conflict',
    say: ({ noun }) => `The ${noun} exists already, or changed meanwhile`,
  },
  {
    name: /^(ClientException|InvalidParameter|InvalidParameterException|ValidationException|ValidationError|BadRequest|InvalidInput)$/,
    code: 'invalid',
    say: ({ noun }, action) => `AWS refused the ${noun} (${action})`,
  },
  {
    name: /ServerException|ServiceUnavailable|InternalFailure|InternalError|InternalServerError|TimeoutError|ECONN|NetworkingError|EPIPE|ENOTFOUND|EAI_AGAIN/i,
    code: 'unavailable',
    say: () => 'AWS cannot be reached',
  },
];

/** @param action as IAM names it, such as `ecs:RunTask` */
export function toAppError(thrown: unknown, action: string, subject: Subject, signal: AbortSignal): AppError {
  if (thrown instanceof AppError) return thrown;
  if (signal.aborted) return new AppError('timeout', 'AWS did not answer in time', { cause: thrown });
  const error = withoutValues(thrown);
  const { name, code, text } = namesOf(error);
  const rule = rules.find(
    (each) =>
      (each.name === undefined || each.name.test(name) || each.name.test(code)) &&
      (each.text === undefined || each.text.test(text)),
  );
  if (rule) return new AppError(rule.code, rule.say(subject, action), { cause: error });
  return new AppError('internal', `AWS answered unexpectedly to ${action}`, { cause: error });
}

/** Services quote what they refuse, which may be a variable of a tenant's; the log has the text of causes. */
function withoutValues(error: unknown): unknown {
  if (!(error instanceof Error) || !quoted.test(error.message)) return error;
  const message = error.message.replaceAll(quoted, 'a value at ');
  return Object.assign(new Error(message, { cause: error.cause }), { ...error, name: error.name, message });
}

function namesOf(error: unknown): { name: string; code: string; text: string } {
  if (!(error instanceof Error)) return { name: '', code: '', text: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { name: error.name, code, text: error.message };
}

/** Whether AWS's own name of the error, below ours, is that. */
export function isAwsError(error: unknown, name: RegExp): boolean {
  const cause = error instanceof AppError ? error.cause : error;
  const { name: found, code } = namesOf(cause);
  return name.test(found) || name.test(code);
}
