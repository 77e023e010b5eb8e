/** A labelled area for several lines. */
export function TextArea({
  label,
  name,
  hint,
  rows = 3,
}: {
  label: string;
  name: string;
  hint: string;
  rows?: number;
}) {
  const id = `field-${name}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        name={name}
        rows={rows}
        aria-describedby={`${id}-hint`}
        spellcheck={false}
      ></textarea>
      <small id={`${id}-hint`}>{hint}</small>
    </div>
  );
}

/** One of several values, each with what it is called. */
export function Select({
  label,
  name,
  options,
  value,
}: {
  label: string;
  name: string;
  options: readonly (readonly [value: string, label: string])[];
  value: string;
}) {
  const id = `field-${name}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} name={name}>
        {options.map(([each, called]) => (
          <option value={each} selected={each === value}>
            {called}
          </option>
        ))}
      </select>
    </div>
  );
}

/** Sends `yes` when it is ticked. */
export function Check({
  label,
  name,
  isTicked,
}: {
  label: string;
  name: string;
  isTicked: boolean;
}) {
  const id = `field-${name}`;
  return (
    <div class="check">
      <input id={id} name={name} type="checkbox" value="yes" checked={isTicked} />
      <label for={id}>{label}</label>
    </div>
  );
}
