/** Where a gateway has the Docker Engine API, for networks that may: where dockerd has it without TLS. */
export const enginePort = 2375;
