import type {
  ChangeStream,
  ChangeStreamOptions,
  ChangeStreamUpdateDocument,
  Collection,
  Document,
} from 'mongodb';

/** The updates that set a delivery status, all from now on. */
export async function openStatusChanges<Sms extends Document>(
  collection: Collection<Sms>,
  options: ChangeStreamOptions,
): Promise<ChangeStream<Sms, ChangeStreamUpdateDocument<Sms>>> {
  const $match = {
    operationType: 'update',
    'updateDescription.updatedFields.deliveryStatus': { $exists: true },
  };
  const stream = collection.watch<Sms, ChangeStreamUpdateDocument<Sms>>([{ $match }], options);
  // It is opened by its first read.
  await stream.tryNext();
  return stream;
}
