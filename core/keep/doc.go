// Package keep is a map on the local disk for what a restart needs: the
// dialogs of calls, their place in the queue, the pauses of agents.
//
// Every change is one write(2) to the end of a file before Put or Delete
// returns, so that kill -9 loses nothing; the disk itself is told within a
// second, so that a power cut loses that much. Memory holds where a value is,
// not the value.
//
// The files are segments keep.NUMBER. A new value makes an older one garbage;
// when there is more garbage than values, the oldest segment's values are
// written again and it is removed.
//
// A frame in a segment, numbers in big endian:
//
//	crc    4 bytes, CRC-32C of the rest
//	length 4 bytes, of key and value
//	key    2 bytes its length; the highest bit says that the key is deleted
//	key and value
//
// A disk that fails never delays anybody: what cannot be written is held in
// memory and tried again every second; what is deleted meanwhile is marked
// where it is, so that a restart does not find what is over. The end of a
// segment that a crash cut off is dropped; anything else that cannot be read is
// reported, and the segment is kept as *.damaged.
//
// The tables of the operator's database are not the place for this: a restart
// would have to wait for a database that may be down. A B-tree such as bbolt
// commits in batches, and loses the last one with the process.
package keep
