// Masks kept in this browser, by the picture that they were painted on.
import type { Extent } from "./box.ts";
import type { Mark } from "./mark.ts";

/** Given is the mask as the form got it. */
export interface Given {
  marks: Mark[];
  feather: number;
}

/** Kept is a mask as it was left, which may be further than what the form holds. */
export interface Kept extends Given {
  key: string; // the picture's fingerprint
  size: Extent;
  undone: Mark[];
  given: Given | null; // null: the form holds none
  at: number; // when it was last touched, in milliseconds
}

const most = 40; // masks; the oldest goes first
const table = "masks";

/** In a private window, or where the disk is full, masks are kept only while the page is open. */
const memory = new Map<string, Kept>();

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("easel.masks", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(table, { keyPath: "key" }).createIndex("at", "at");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function ask<T>(mode: IDBTransactionMode, question: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await open();
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = db.transaction(table, mode);
      const request = question(transaction.objectStore(table));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    db.close();
  }
}

export async function keep(kept: Kept): Promise<void> {
  memory.set(kept.key, kept);
  try {
    await ask("readwrite", (store) => store.put(kept));
    const keys = await byAge();
    for (const key of keys.slice(0, Math.max(0, keys.length - most))) await ask("readwrite", (store) => store.delete(key));
  } catch {
    return; // memory has it
  }
}

export async function recall(key: string): Promise<Kept | null> {
  const kept: unknown = memory.get(key) ?? (await ask<unknown>("readonly", (store) => store.get(key)).catch(() => null));
  return isKept(kept) ? kept : null;
}

/** last is the newest mask that the form was given. */
export async function last(): Promise<Kept | null> {
  const keys = await byAge().catch(() => [...memory.keys()]);
  for (const key of keys.reverse()) {
    const kept = await recall(String(key));
    if (kept?.given) return kept;
  }
  return null;
}

/** byAge lists the pictures' names, the newest last. */
const byAge = () => ask("readonly", (store) => store.index("at").getAllKeys());

function isKept(value: unknown): value is Kept {
  const kept = value as Kept | null | undefined;
  return !!kept && typeof kept.key === "string" && Array.isArray(kept.marks) && Array.isArray(kept.undone) && kept.size?.width > 0 && kept.size?.height > 0;
}
