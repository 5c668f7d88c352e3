/** Addresses of the workers that etcd lists under a component, asked over HTTP as the job asks. */
export async function listedInEtcd(
  address: string,
  credentials: string,
  component: string,
): Promise<readonly string[]> {
  const password = /ETCD_AUTH_PASSWORD=(\S+)/.exec(credentials)?.[1];
  const post = async (path: string, body: object, headers = {}): Promise<unknown> => {
    const url = `http://${address}:2379/v3/${path}`;
    return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).json();
  };
  const { token } = (await post('auth/authenticate', { name: 'root', password })) as { token: string };
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const prefix = `v1/instances/dynamo/${component}/generate`;
  const range = { key: base64(`${prefix}/`), range_end: base64(`${prefix}0`) };
  const answer = (await post('kv/range', range, { authorization: token })) as { kvs?: { value: string }[] };
  return (answer.kvs ?? []).map(
    ({ value }) => /"tcp":"([^/]+)\//.exec(Buffer.from(value, 'base64').toString())?.[1] ?? '',
  );
}
