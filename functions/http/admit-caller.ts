// Takes the platform's word for who sent a request, where it has checked the signature before the function was called. Then no API keys are
// required.

import { createMiddleware } from 'hono/factory';
import { z } from 'zod';
import { FoveaError } from '../../core/errors/errors.ts';
import type { AppEnv } from '../deps/deps.ts';
import type { FindCaller } from '../deps/front.ts';

/** What the URL of a function tells of a request whose signature AWS has checked. */
const SignedSchema = z.object({ authorizer: z.object({ iam: z.object({ userArn: z.string().min(1) }) }) });

/** Finds the caller of a Function URL with `AWS_IAM`: the ARN of the user or role. IAM decides who may call, so callers may do everything. */
export const findIamCaller: FindCaller = (requestContext) => {
  const signed = SignedSchema.safeParse(requestContext);
  return signed.success ? { name: signed.data.authorizer.iam.userArn, scopes: ['admin'] } : undefined;
};

/**
 * Middleware that leaves the caller for the log, the audit log and the handlers. A request without one comes past the check.
 * @throws {FoveaError} `caller-unknown`.
 */
export function admitCaller(findCaller: FindCaller) {
  return createMiddleware<AppEnv>(async (c, next) => {
    const caller = findCaller(c.env?.requestContext);
    if (caller === undefined)
      throw new FoveaError(
        'caller-unknown',
        'Nobody has checked who sent this request. The URL of the function must have the authorization AWS_IAM: deploy the stack again.',
        { param: 'Authorization' },
      );
    c.set('apiKey', caller);
    await next();
  });
}
