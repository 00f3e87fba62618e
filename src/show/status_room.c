/* How much room the store has, within [store] map_size and on its disk. */
#include "show/status.h"

#include <sys/statvfs.h>

#include "base/json.h"
#include "show/doc.h"

enum {
	DISK_FULL_MIB = 64,
	DISK_LITTLE_MIB = 1024,
	DISK_LITTLE_PERCENT = 5,
};

static void look_at_disk(const char *directory, struct status_room *room)
{
	struct statvfs fs;
	uint64_t mib, percent;

	if (statvfs(directory, &fs) < 0 || fs.f_blocks == 0)
		return;
	room->disk_free = (uint64_t)fs.f_bavail * fs.f_frsize;
	room->has_disk = true;
	mib = room->disk_free / (1024 * 1024);
	percent = (uint64_t)fs.f_bavail * 100 / fs.f_blocks;
	if (mib < DISK_FULL_MIB)
		room->disk = ROOM_NONE;
	else if (mib < DISK_LITTLE_MIB && percent < DISK_LITTLE_PERCENT)
		room->disk = ROOM_LITTLE;
}

int status_room_get(const struct status_of *of, struct status_room *room,
                    struct err *err)
{
	*room = (struct status_room){.most = of->conf->store.map_size};
	if (db_size(of->db, &room->size, err) < 0)
		return err->class;
	if (room->size.used > room->most / 10 * 9)
		room->map = ROOM_NONE;
	else if (room->size.used > room->most / 10 * 8)
		room->map = ROOM_LITTLE;
	look_at_disk(of->conf->store.directory, room);
	return 0;
}

int status_room(const struct status_of *of, json_t *doc, struct err *err)
{
	json_t *store = doc_object(doc, "store");
	struct status_room room;

	if (status_room_get(of, &room, err) < 0)
		return err->class;
	doc_set(store, "directory", of->conf->store.directory);
	json_set_uint(store, "usedBytes", room.size.used);
	json_set_uint(store, "fileBytes", room.size.file);
	json_set_uint(store, "mapBytes", room.size.map);
	json_set_bool(store, "isFull", room.map == ROOM_NONE);
	if (room.has_disk) {
		json_set_uint(store, "diskFreeBytes", room.disk_free);
		json_set_bool(store, "isDiskFull", room.disk == ROOM_NONE);
	}
	return 0;
}
