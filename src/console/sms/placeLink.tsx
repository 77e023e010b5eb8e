import { may } from '../components/frame.tsx';
import type { Request } from '../context.ts';
import type { Place } from './places.ts';

/** A link for who may do what is done there; nothing for the others. */
export function PlaceLink({ request, place }: { request: Request; place: Place | null }) {
  if (place === null || !may(request, place.role)) return <></>;
  return <a href={place.path}>{place.label}</a>;
}
