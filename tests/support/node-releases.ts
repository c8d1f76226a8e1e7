// The releases of Node that the project is tried on, as npm's package `node` carries them.

/** The oldest that package.json's `engines` allows, and the last of each even release; in ascending order. */
export const NODE_RELEASES = ['20.19.0', '22.13.0', '22.23.3', '24.21.0', '26.10.0'] as const;

/** The newest that AWS Lambda has. */
export const LAMBDA_NODE = '24.21.0' satisfies (typeof NODE_RELEASES)[number];
