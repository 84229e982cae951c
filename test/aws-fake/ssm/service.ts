/** Systems Manager, as far as sessions of ECS Exec need it. */
import type {
  ResumeSessionRequest,
  ResumeSessionResponse,
  TerminateSessionRequest,
  TerminateSessionResponse,
} from '@aws-sdk/client-ssm';
import type { Call, Service } from '../service.ts';

function resumeSession({ SessionId = '' }: ResumeSessionRequest, { site }: Call): ResumeSessionResponse {
  const { sessionId, tokenValue, streamUrl } = site.world.sessions.grant(SessionId);
  return { SessionId: sessionId, TokenValue: tokenValue, StreamUrl: streamUrl };
}

function terminateSession({ SessionId = '' }: TerminateSessionRequest, { site }: Call): TerminateSessionResponse {
  site.world.sessions.terminate(SessionId);
  return { SessionId };
}

export const ssm: Service = {
  iamName: 'ssm',
  signingName: 'ssm',
  modelName: 'ssm',
  sdkPackage: '@aws-sdk/client-ssm',
  invalidCode: () => 'ValidationException',
  resource: (_operation, input, site) => site.arn('ssm', `session/${input.SessionId}`),
  handlers: { ResumeSession: resumeSession, TerminateSession: terminateSession },
};
