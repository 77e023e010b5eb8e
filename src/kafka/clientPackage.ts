/** The client, in the version that it was tested with; package.json says which others may do. */
export const clientPackage = { name: '@confluentinc/kafka-javascript', version: '1.10.1' } as const;

/** npm passes over a package that is an optional peer dependency, unless it is asked for as one of another kind. */
export const installCommand = `npm install --no-save --save-prod ${clientPackage.name}@${clientPackage.version}`;
