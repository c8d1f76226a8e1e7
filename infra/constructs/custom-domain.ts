// A domain name of one's own for the API, by CloudFront, because a Function URL has only its own name. CloudFront shows by a secret header
// that a request came through it, and the function answers no others. It does not sign requests instead: a signature would take the place
// of the client's Authorization header, and clients would have to send the hash of each body.

import { CfnOutput, Duration, Validations } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  HttpVersion,
  OriginRequestPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { FunctionUrlOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import type { FunctionUrl } from 'aws-cdk-lib/aws-lambda';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { FRONT_HEADER } from '../../core/environment.ts';

/** The function's URL, and the name that leads to it. */
export interface CustomDomainProps {
  readonly url: FunctionUrl;
  /** What the function wants to see. */
  readonly frontSecret: ISecret;
  /** E.g. `fovea.example.com`. */
  readonly name: string;
  /** ARN of a certificate for the name, in us-east-1, where CloudFront looks for certificates. */
  readonly certificateArn: string;
}

/** The longest time that CloudFront waits for an answer's first byte without a raised quota. */
const FIRST_BYTE = Duration.seconds(60);

/** The rules of cdk-nag that are not followed here, and why. */
const ACKNOWLEDGED = {
  CFR1: 'API keys decide who may send requests, not countries.',
  CFR2: "A firewall costs money while idle. Requests without a key are refused in milliseconds, keys have limits, and the account's concurrency or fovea:functionConcurrency bounds the rest.",
  CFR3: 'The function logs every request; a second log would add cost only.',
};

/** A distribution that passes every request on, and caches nothing. */
export class CustomDomain extends Construct {
  constructor(scope: Construct, id: string, { url, frontSecret, name, certificateArn }: CustomDomainProps) {
    super(scope, id);
    const distribution = new Distribution(this, 'Distribution', {
      comment: `Fovea: ${name}`,
      domainNames: [name],
      certificate: Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
      minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
      httpVersion: HttpVersion.HTTP2_AND_3,
      defaultBehavior: {
        origin: new FunctionUrlOrigin(url, {
          readTimeout: FIRST_BYTE,
          // The template has a reference. CloudFront's configuration has the value, which it puts in place of a header of this name.
          customHeaders: { [FRONT_HEADER]: frontSecret.secretValue.unsafeUnwrap() },
        }),
        allowedMethods: AllowedMethods.ALLOW_ALL,
        cachePolicy: CachePolicy.CACHING_DISABLED,
        // The function's own address stands in the Host header, by which AWS finds it.
        originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      },
    });
    new CfnOutput(this, 'Target', {
      value: distribution.distributionDomainName,
      description: `Let a CNAME or ALIAS record of ${name} point here`,
    });
    for (const [rule, reason] of Object.entries(ACKNOWLEDGED))
      Validations.of(distribution).acknowledge({ id: `AwsSolutions-${rule}`, reason });
  }
}
