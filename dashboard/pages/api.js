// Calls of the JSON API: docs/api/openapi.json.

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const base = () => new URL('api/', document.baseURI);

async function call(url, options) {
  let response;
  try {
    response = await fetch(url, { cache: 'no-store', credentials: 'same-origin', redirect: 'error', ...options });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError(0, 'The dashboard does not answer.');
  }
  const document = await response.json().catch(() => null);
  if (response.ok && document !== null) return document;
  throw new ApiError(response.status, document?.error ?? 'The dashboard answered ' + response.status + '.');
}

export function get(path, parameters = {}, signal = undefined) {
  const url = new URL(path, base());
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== '') url.searchParams.set(name, value);
  }
  return call(url, { signal });
}

export function post(path, body) {
  return call(new URL(path, base()), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Aftercommit': 'dashboard' },
    body: JSON.stringify(body),
  });
}
