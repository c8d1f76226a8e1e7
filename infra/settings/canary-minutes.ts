// How long a new version of the function is tried. Apart, since settings know no constructs.

/** The minutes that AWS CodeDeploy has a configuration for, in which a tenth of the requests goes to the new version. */
export const CANARY_MINUTES = [5, 10, 15, 30] as const;
