// Chosen pictures, kept in this browser over a reload.
const table = "pictures";

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("easel.pictures", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(table);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function ask<T>(mode: IDBTransactionMode, question: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | null> {
  try {
    const db = await open();
    const answer = await new Promise<T>((resolve, reject) => {
      const transaction = db.transaction(table, mode);
      const request = question(transaction.objectStore(table));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
    db.close();
    return answer;
  } catch {
    return null; // a private window, or a full disk: the picture lives as long as the page
  }
}

export const keep = (name: string, file: File): Promise<unknown> => ask("readwrite", (store) => store.put(file, name));
export const drop = (name: string): Promise<unknown> => ask("readwrite", (store) => store.delete(name));

export async function recall(name: string): Promise<File | null> {
  const file = await ask<unknown>("readonly", (store) => store.get(name));
  return file instanceof File ? file : null;
}
