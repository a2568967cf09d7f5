/** The label by which a user says on which host a container is to run. */
export const hostLabel = 'org.strata.host';
