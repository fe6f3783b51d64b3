package prediction

import (
	"context"
	"fmt"
	"strings"
)

// tell queues an event for the writer.
func (r *run) tell(e Event) {
	r.facts <- func(ctx context.Context) {
		if _, err := r.worker.ports.Events.Append(ctx, r.p.ID, e); err != nil {
			r.worker.opts.Log.Debug("event not written", "prediction", r.p.ID, "type", e.Type, "error", err)
		}
	}
}

// Step implements Sink.
func (r *run) Step(picture, step, of int, seconds float64) {
	r.tell(newEvent(EventStep, map[string]any{
		"picture": picture, "step": step, "of": of, "seconds": seconds, "phase": "steps",
	}))
	r.Log(r.bar.line(picture, step, of, seconds))
}

// Preview implements Sink. The picture goes to who watches now, after its event.
func (r *run) Preview(picture, step int, jpeg []byte) {
	r.tell(newEvent(EventPreview, map[string]any{"picture": picture, "step": step}))
	r.facts <- func(context.Context) {
		r.worker.ports.Events.PublishPreview(r.p.ID, Preview{Step: uint32(step), JPEG: jpeg})
	}
}

// Picture implements Sink. The file is stored when it returns, and named by
// the record soon after.
func (r *run) Picture(index int, seed int64, name, contentType string, data []byte) error {
	token, err := r.put(context.Background(), index, name, contentType, data)
	if err != nil {
		return err
	}
	r.stored = append(r.stored, token)
	r.facts <- func(ctx context.Context) {
		r.p.Output, r.dirty = append(r.p.Output, token), true
		r.save(ctx)
	}
	r.tell(newEvent(EventOutput, map[string]any{"index": index, "file": token + "/" + name, "seed": seed}))
	return nil
}

// Log implements Sink.
func (r *run) Log(text string) {
	if text == "" {
		return
	}
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	r.facts <- func(context.Context) {
		r.p.Logs = appendLog(r.p.Logs, text)
		r.dirty = true
	}
	r.tell(newEvent(EventLog, map[string]any{"text": text}))
}

// maxLogs is the most bytes of logs a record keeps: the newest lines.
const maxLogs = 64 << 10

func appendLog(logs, text string) string {
	logs += text
	if len(logs) <= maxLogs {
		return logs
	}
	logs = logs[len(logs)-maxLogs:]
	_, whole, _ := strings.Cut(logs, "\n")
	return fmt.Sprintf("(earlier lines left out)\n%s", whole)
}
