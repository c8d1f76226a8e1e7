// Tells names and addresses of this machine from all others. Resolves no names.

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3}|\[::1\])$/i;

/** Whether a host, as people or the `hostname` of a URL write it, is this machine by its text alone. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);
