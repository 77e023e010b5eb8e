import { Command, InvalidArgumentError } from 'commander';
import { isRole, roles, type Role } from '../../support/consoleRole.ts';
import { addUser, listUsers, removeUser } from '../../support/consoleUsers.ts';
import { Refused } from '../../support/session.ts';
import { settingsText, type CommandResult, type CommandRunner } from '../environment.ts';
import { readPassword } from '../readPassword.ts';

const help = `
These commands change the file CONSOLE_USERS_FILE, and need no other setting. A running
console applies a change with the next page it serves: whoever was removed, or has another
role or password now, is signed out. Roles: a viewer looks, with phone numbers masked and
texts hidden; support also reveals those, sends again, makes test calls and runs retries;
an editor also changes the three settings of an account, and endpoints.

"add" asks for the password twice, or reads it as the only line of its standard input. It
needs at least 12 characters, and is stored as a scrypt hash. For somebody who is in the
file already, "add" sets another password and role.

Examples:
  npm run cli -- console user add asha --role support
  npm run --silent cli -- console user add asha --role editor < password.txt
  npm run cli -- console user list
  npm run cli -- console user remove asha`;

export function consoleUsers(cli: CommandRunner): Command {
  return new Command('console')
    .description('manage who may use the console')
    .addCommand(
      new Command('user')
        .description('add, remove and list people who sign in with a password')
        .addHelpText('after', help)
        .addCommand(addCommand(cli))
        .addCommand(removeCommand(cli))
        .addCommand(listCommand(cli)),
    );
}

function addCommand(cli: CommandRunner): Command {
  return new Command('add')
    .description('add somebody, or set another password and role')
    .argument('<name>', 'the name to sign in with')
    .requiredOption('--role <role>', roles.join(', '), role)
    .action(
      async (name: string, options: { readonly role: Role }) =>
        await change(cli, async (path) => {
          const { stdin, stderr } = cli.environment;
          const password = await readPassword(stdin, stderr);
          const done = await addUser(path, { name, role: options.role, password });
          const text =
            done === 'added'
              ? `${name} may sign in as ${options.role}.`
              : `${name} has another password now, and may sign in as ${options.role}.`;
          return { data: { name, role: options.role, created: done === 'added' }, text };
        }),
    );
}

function removeCommand(cli: CommandRunner): Command {
  return new Command('remove')
    .description('remove somebody, and sign them out')
    .argument('<name>', 'the name to sign in with')
    .action(
      async (name: string) =>
        await change(cli, async (path) => {
          await removeUser(path, name);
          return { data: { name, removed: true }, text: `${name} may not sign in any more.` };
        }),
    );
}

function listCommand(cli: CommandRunner): Command {
  return new Command('list').description('list names and roles').action(
    async () =>
      await change(cli, async (path) => {
        const users = listUsers(path).map(({ name, role: theirs }) => ({ name, role: theirs }));
        const rows = users.map(({ name, role: theirs }) => [name, theirs]);
        return {
          data: { users },
          text: (page) =>
            rows.length === 0
              ? `Nobody is in ${path} yet: add somebody by "console user add".`
              : page.table(['name', 'role'], rows),
        };
      }),
  );
}

/** On the file of the settings; refused where there is none. */
async function change(
  { environment, runWithoutSettings }: CommandRunner,
  work: (path: string) => Promise<CommandResult>,
): Promise<void> {
  await runWithoutSettings(async () => {
    const file = environment.usersFile();
    if (!file.ok) throw new Refused(settingsText(file.problems));
    return await work(file.path);
  });
}

function role(text: string): Role {
  if (isRole(text)) return text;
  throw new InvalidArgumentError(`It must be one of ${roles.join(', ')}.`);
}
