import type { Change } from '../domain/change.ts';
import { savedSms, takeIn, type Intake as TakenIn } from '../domain/takeIn.ts';
import { Stopping } from '../runtime/abort.ts';
import type { Hold } from '../runtime/byteBudget.ts';
import { toError } from '../runtime/errors.ts';
import type { Tally } from '../runtime/tally.ts';
import { handleChange, type HandleChangeDeps } from './handleChange.ts';
import { restoreAfterSave } from './restoreRecords.ts';

export interface IntakeDeps extends HandleChangeDeps {
  /** Which statuses count; empty for all. */
  readonly deliveryStatuses: ReadonlySet<string>;
  /** Told of everything begun, so that a stop can wait for it. */
  track(task: Promise<void>): void;
  /** What must be durable before anybody else goes on from here. */
  readonly unsettled: Tally;
}

/** Starts the handling of changes, wherever they come from. */
export interface Intake {
  /** One that the stream shows; `settle` is called when it may be forgotten, and `hold` released with its memory. */
  take(change: Change, settle: () => void, hold: Hold): void;
  /**
   * One that a search has found; resolves when it is settled, with whether it was news. Rejects only because the
   * worker is stopping.
   */
  takeFound(change: Change): Promise<boolean>;
}

export function createIntake(deps: IntakeDeps): Intake {
  const { deliveryStatuses, track, unsettled } = deps;

  /** `work` calls what it is given when it is settled. */
  const begin = async (
    settle: (wasNews: boolean) => void,
    work: (onSettled: (wasNews: boolean) => void) => Promise<unknown>,
  ): Promise<void> => {
    const leave = unsettled.enter();
    try {
      await work((wasNews) => {
        settle(wasNews);
        leave();
      });
    } catch (error) {
      ignoreStop(error);
    }
    // Not after a bug: nobody is to go on from here then.
    leave();
  };

  return {
    take(change, settle, hold) {
      const intake = takeIn(change, deliveryStatuses);
      if (intake.kind === 'subject') {
        const { subject } = intake;
        const handling = begin(settle, (onSettled) =>
          handleChange(change, subject, deps, onSettled),
        );
        track(handling.finally(hold.release));
        return;
      }
      count(intake, deps);
      const saved = savedSms(change);
      // Nothing but its name is needed any more.
      hold.release();
      if (saved === null) {
        settle();
        return;
      }
      const restoring = begin(settle, async (onSettled) => {
        await restoreAfterSave(saved, deps);
        onSettled(false);
      });
      track(restoring);
    },
    async takeFound(change) {
      const intake = takeIn(change, deliveryStatuses);
      if (intake.kind !== 'subject') return false;
      const { subject } = intake;
      return await new Promise<boolean>((resolve, reject) => {
        const handling = begin(resolve, async (onSettled) => {
          await handleChange(change, subject, deps, onSettled).catch((error: unknown) => {
            reject(toError(error));
            throw toError(error);
          });
        });
        track(handling);
      });
    },
  };
}

/** What is not told is at least counted. */
function count(
  intake: Exclude<TakenIn, { kind: 'subject' }>,
  { metrics, logger }: IntakeDeps,
): void {
  switch (intake.kind) {
    case 'filtered':
      metrics.notNotified('filtered_status');
      return;
    case 'unusable':
      metrics.notificationEnded('skipped', 'unusable_document');
      logger.warn('unusable_document', { problem: intake.problem });
      return;
    case 'noStatus':
      return;
    default:
      intake satisfies never;
  }
}

/** A stop leaves unsettled what had not begun: a successor reads it again. */
export function ignoreStop(thrown: unknown): void {
  if (!(thrown instanceof Stopping)) throw toError(thrown);
}
