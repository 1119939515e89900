/** Where the emulator follows what is seen on Fly, or what Fly's clients send, and not the document. Each with its reason. */
export const ALLOWED: readonly { readonly difference: RegExp; readonly reason: string }[] = [
  {
    difference: / response: status (400|401|403|404|408|409|412|422|429|5\d\d)$/,
    reason: "the document lists hardly any refusal; statuses are those that Fly's guides and clients know",
  },
  {
    difference:
      /^(POST|DELETE) .*\/(lease|start|stop|restart|suspend|signal|cordon|uncordon|snapshots|\{machine_id\}) 200 has a body$/,
    reason:
      'the document gives these answers no content; on the wire they are {"ok":true}, and a start tells the previous state',
  },
  {
    difference: / 200 (\/\*)?\/(version|cordoned): unknown$/,
    reason: "fly-go reads both from a machine; the document lacks them",
  },
  {
    difference: /^POST \/apps request \/app_name: unknown$/,
    reason: "Fly's guides and fly-admin send `app_name` where the document says `name`",
  },
  {
    difference: /^POST \/apps 201 has a body$/,
    reason: "the document shows no content; Fly's guides show an id and a time, and fly-go reads an app",
  },
  {
    difference: /\/attached_(alloc|machine)_id: must be string$/,
    reason: "pointers in fly-go's volume: null while nothing is attached",
  },
  {
    difference: /\/restart request: has a body$/,
    reason: "fly-admin sends an empty one; the parameters are in the query",
  },
  {
    difference: /\/lease 20[01] \/(status|data): unknown$/,
    reason: "the document shows a bare lease; on the wire it is in an envelope, as fly-go reads it",
  },
  {
    difference: / (404|409) (\/(message|code): unknown|\/status: must be equal to one of the allowed values)$/,
    reason: "what a lease refuses has the envelope of leases for a body",
  },
  {
    difference: /^POST \/apps\/\{app_name\}\/secrets request \/values\/\w+: must be string$/,
    reason: "null deletes a secret, as Fly's guide says; the document has strings only",
  },
  {
    difference: /^POST \/apps 422 \/status: must be equal/,
    reason: "fly-go knows `name_taken`, which the document does not list",
  },
  {
    difference: /^(GET \/platform\/regions|POST \/platform\/placements) 200 \/(Regions|Nearest): unknown$/,
    reason: "in capitals on the wire, as was seen on Fly in 2026",
  },
  {
    difference: / 200 (\/\*)?\/config\/services\/\*\/autostop: must be/,
    reason: "Fly answers with booleans where it can, as fly-go reads and writes them",
  },
];
