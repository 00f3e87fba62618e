#include "intake/milter_bounces.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"

void milter_bounces_init(struct milter_bounces *queue, size_t bytes_max,
                         size_t max)
{
	*queue = (struct milter_bounces){.bytes_max = bytes_max, .max = max};
	queue->last = &queue->first;
}

void milter_bounces_clear(struct milter_bounces *queue)
{
	struct milter_bounce *bounce;

	while ((bounce = milter_bounces_take(queue)) != NULL)
		milter_bounce_free(&bounce);
}

void milter_bounce_free(struct milter_bounce **bounce)
{
	if (*bounce == NULL)
		return;
	strbuf_clear(&(*bounce)->text);
	free(*bounce);
	*bounce = NULL;
}

void milter_bounces_add(struct milter_bounces *queue, const char *token,
                        struct strbuf *text)
{
	struct milter_bounce *bounce;

	if (queue->count >= queue->max ||
	    text->room > queue->bytes_max - queue->bytes) {
		queue->dropped++;
		return;
	}
	bounce = xcalloc(1, sizeof(*bounce));
	snprintf(bounce->token, sizeof(bounce->token), "%s", token);
	bounce->text = *text;
	strbuf_init(text, text->cap);
	*queue->last = bounce;
	queue->last = &bounce->next;
	queue->bytes += bounce->text.room;
	queue->count++;
}

struct milter_bounce *milter_bounces_take(struct milter_bounces *queue)
{
	struct milter_bounce *bounce = queue->first;

	if (bounce == NULL)
		return NULL;
	queue->first = bounce->next;
	if (queue->first == NULL)
		queue->last = &queue->first;
	queue->bytes -= bounce->text.room;
	queue->count--;
	bounce->next = NULL;
	return bounce;
}

void milter_bounces_put_back(struct milter_bounces *queue,
                             struct milter_bounce *bounce)
{
	bounce->next = queue->first;
	if (queue->first == NULL)
		queue->last = &bounce->next;
	queue->first = bounce;
	queue->bytes += bounce->text.room;
	queue->count++;
}
