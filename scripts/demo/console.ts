import { defaultSettings } from '../harness/builtWorker.ts';
import { startConsole, type ConsoleProcess } from '../harness/consoleProcess.ts';
import { demoSettings, type Stage } from './stage.ts';

/** The console on the demo's databases, for whoever has the link that it prints. Stop it. */
export function openConsole({ mongodbUri, mysqlUri, db }: Stage): ConsoleProcess {
  return startConsole({
    ...defaultSettings(),
    ...demoSettings,
    MONGODB_URI: mongodbUri,
    MONGODB_DATABASE: db.databaseName,
    MYSQL_URI: mysqlUri,
    MYSQL_ADMIN_URI: mysqlUri,
    CONSOLE_PORT: '0',
  });
}
