package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"easel/internal/prediction"
)

// uploadMark begins the tokens of files that expire: they live in a store of
// their own, whose stream forgets them by age.
const uploadMark = "u"

// ownMark sets the uploader's own metadata apart from ours.
const ownMark = "own."

// chunkSize keeps a chunk well under a NATS server's default payload limit.
const chunkSize = 256 << 10

// files keeps each file as an object named by its token. An object's
// description is written after its last chunk, so a half-written file does
// not exist.
type files struct {
	dir               string // of temporary files; "": the system's
	pictures, uploads *volumes
	most              int64 // bytes of uploads
	room              func() error
}

func openFiles(ctx context.Context, js jetstream.JetStream, d *disk, opts Options) (f *files, err error) {
	f = &files{dir: opts.Dir, most: opts.UploadsBytes, room: d.room}
	if f.pictures, err = openVolumes(ctx, js, opts, "easel_files", 0); err == nil {
		f.uploads, err = openVolumes(ctx, js, opts, "easel_uploads", opts.UploadsAge)
	}
	return f, err
}

func (f *files) volumes(token string) *volumes {
	if strings.HasPrefix(token, uploadMark) {
		return f.uploads
	}
	return f.pictures
}

// Put reads r to its end before it stores anything, because the sums go into
// the object's description.
func (f *files) Put(ctx context.Context, file prediction.File, r io.Reader) (prediction.File, error) {
	if file.Token == "" {
		file.Token = prediction.NewToken()
	}
	if !file.ExpiresAt.IsZero() {
		file.Token = uploadMark + strings.TrimPrefix(file.Token, uploadMark)
	}
	if err := f.room(); err != nil {
		return file, fmt.Errorf("put file: %w", err)
	}
	body, err := spool(f.dir, r)
	if err != nil {
		return file, fmt.Errorf("put file: %w", full(err))
	}
	defer body.Close()
	file.Size, file.SHA256, file.MD5 = body.size, body.sha256, body.md5
	file.CreatedAt = time.Now().UTC().Truncate(time.Microsecond)
	if file, err = f.store(ctx, file, body); err != nil {
		return file, fmt.Errorf("put file: %w", full(err))
	}
	if !file.ExpiresAt.IsZero() {
		err = f.trim(ctx)
	}
	return file, err
}

func (f *files) store(ctx context.Context, file prediction.File, body io.Reader) (prediction.File, error) {
	v, err := f.volumes(file.Token).newest(ctx)
	if err != nil {
		return file, err
	}
	name := unmarked(file.Token)
	file.Token = v.mark(name)
	_, err = v.Put(ctx, jetstream.ObjectMeta{
		Name: name, Metadata: describe(file), Opts: &jetstream.ObjectMetaOptions{ChunkSize: chunkSize},
	}, body)
	return file, err
}

// trim removes the oldest uploads while there are too many bytes of them. The
// newest stays, however large it is.
func (f *files) trim(ctx context.Context) error {
	list, err := f.List(ctx)
	if err != nil {
		return err
	}
	left := f.most
	for i, file := range list {
		if left -= file.Size; left >= 0 || i == 0 {
			continue
		}
		if err := f.Delete(ctx, file.Token); err != nil && !errors.Is(err, prediction.ErrNotFound) {
			return err
		}
	}
	return nil
}

// Open reads the whole file and checks its sum, so that what it returns is
// served without a surprise in the middle.
func (f *files) Open(ctx context.Context, token string) (prediction.File, io.ReadSeekCloser, error) {
	file, err := f.Stat(ctx, token)
	if err != nil {
		return file, nil, err
	}
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	var body *spooled
	err = f.volumes(token).find(ctx, token, func(v volume, name string) error {
		object, err := v.Get(ctx, name)
		if err != nil {
			return err
		}
		defer object.Close()
		body, err = spool(f.dir, object)
		return err
	})
	if err != nil {
		return file, nil, fmt.Errorf("open file: %w", err)
	}
	if body.sha256 != file.SHA256 {
		body.Close()
		return file, nil, fmt.Errorf("open file: its sum is wrong: %w", prediction.ErrNotFound)
	}
	return file, body, nil
}

func (f *files) Stat(ctx context.Context, token string) (file prediction.File, err error) {
	if token == "" {
		return file, prediction.ErrNotFound
	}
	err = f.volumes(token).find(ctx, token, func(v volume, name string) error {
		info, err := v.GetInfo(ctx, name)
		if err == nil {
			file, err = v.parse(info)
		}
		return err
	})
	if err == nil && !file.ExpiresAt.IsZero() && time.Now().After(file.ExpiresAt) {
		err = prediction.ErrNotFound
	}
	return file, err
}

func (f *files) Delete(ctx context.Context, token string) error {
	if token == "" {
		return prediction.ErrNotFound
	}
	err := f.volumes(token).search(ctx, token, func(v volume, name string) error { return v.remove(ctx, name) })
	if err != nil {
		return fmt.Errorf("delete file: %w", err)
	}
	return nil
}

// List answers the uploads that have not expired, newest first.
func (f *files) List(ctx context.Context) ([]prediction.File, error) {
	list := []prediction.File{}
	err := f.uploads.each(ctx, func(v volume) error {
		infos, err := v.List(ctx)
		for _, info := range infos {
			if file, err := v.parse(info); err == nil && time.Now().Before(file.ExpiresAt) {
				list = append(list, file)
			}
		}
		return none(err)
	})
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	slices.SortFunc(list, func(a, b prediction.File) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return list, nil
}

// none takes the client library's error for an empty list away.
func none(err error) error {
	if errors.Is(err, jetstream.ErrNoObjectsFound) {
		return nil
	}
	return err
}

func (f *files) Used(ctx context.Context) (bytes int64, err error) {
	err = f.pictures.each(ctx, func(v volume) error {
		info, err := v.stream.Info(ctx)
		if err == nil {
			bytes += int64(info.State.Bytes)
		}
		return err
	})
	return bytes, err
}

func describe(f prediction.File) map[string]string {
	m := map[string]string{
		"name": f.Name, "type": f.ContentType, "sha256": f.SHA256, "md5": f.MD5,
		"created": f.CreatedAt.Format(time.RFC3339Nano),
	}
	for k, v := range f.Metadata {
		m[ownMark+k] = v
	}
	if !f.ExpiresAt.IsZero() {
		m["expires"] = f.ExpiresAt.UTC().Format(time.RFC3339Nano)
	}
	return m
}

func (v volume) parse(info *jetstream.ObjectInfo) (prediction.File, error) {
	m := info.Metadata
	f := prediction.File{
		Token: v.mark(info.Name), Name: m["name"], ContentType: m["type"], Size: int64(info.Size),
		SHA256: m["sha256"], MD5: m["md5"],
	}
	for k, v := range m {
		if own, ok := strings.CutPrefix(k, ownMark); ok {
			if f.Metadata == nil {
				f.Metadata = map[string]string{}
			}
			f.Metadata[own] = v
		}
	}
	var err error
	if f.CreatedAt, err = time.Parse(time.RFC3339Nano, m["created"]); err != nil {
		return f, fmt.Errorf("file description: %w", err)
	}
	if m["expires"] != "" {
		if f.ExpiresAt, err = time.Parse(time.RFC3339Nano, m["expires"]); err != nil {
			return f, fmt.Errorf("file description: %w", err)
		}
	}
	return f, nil
}
