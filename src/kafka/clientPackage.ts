/** The client, in the version that it was tested with; package.json says which others may do. */
export const clientPackage = { name: '@confluentinc/kafka-javascript', version: '1.10.1' } as const;

export const installCommand = `npm install ${clientPackage.name}@${clientPackage.version}`;
