package site

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"easel/internal/picture"
	"easel/internal/prediction"
	"easel/internal/share"
	"easel/views"
)

// seeded is a prediction's input with the seed that was drawn for it.
func seeded(p prediction.Prediction) (json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(p.Input, &fields); err != nil {
		return nil, fmt.Errorf("replay %s: %w", p.ID, err)
	}
	if _, given := fields["seed"]; !given && len(p.Extra.Seeds) > 0 {
		fields["seed"] = json.RawMessage(fmt.Sprint(p.Extra.Seeds[0]))
	}
	return json.Marshal(fields)
}

// ran finds a run that was made by a share.
func (s *Site) ran(c echo.Context) (sh share.Share, first, again prediction.Prediction, err error) {
	ctx, id := c.Request().Context(), c.Param("id")
	sh, first, err = s.shared(ctx, c.Param("token"))
	if err != nil {
		return sh, first, again, err
	}
	if !slices.Contains(sh.Replays, id) {
		return sh, first, again, prediction.ErrNotFound
	}
	again, err = s.Predictions.Get(ctx, id)
	return sh, first, again, err
}

// replayed shows a run made by a share beside what it repeats.
func (s *Site) replayed(c echo.Context) error {
	_, first, again, err := s.ran(c)
	if err != nil {
		return err
	}
	path := "/s/" + c.Param("token")
	run := views.NewRun(again)
	run.Notes, run.Logs, run.Prompt = nil, "", "" // they may tell what the share hides, as does the error
	if run.Error != "" {
		run.Error = "The run failed."
	}
	show := views.Replayed{
		Page: s.frame(c, "Run again · Easel"), Back: path, Run: run,
		First: sharedFiles(path, first), Again: sharedFiles(path+"/replays/"+again.ID, again),
	}
	show.Refresh = refresh(run)
	if again.Status == prediction.Succeeded {
		if show.Same, show.Differences, err = s.sameBytes(c.Request().Context(), first, again); err != nil {
			return err
		}
	}
	return render(c, http.StatusOK, views.ReplayedPage(show))
}

// sameBytes says whether two runs made the same files; if not, what differs and why.
func (s *Site) sameBytes(ctx context.Context, first, again prediction.Prediction) (same bool, differences []string, err error) {
	if len(first.Output) != len(again.Output) {
		return false, []string{fmt.Sprintf("Then there were %d pictures, now %d.", len(first.Output), len(again.Output))}, nil
	}
	for i := range first.Output {
		a, err := readFile(ctx, s.Files, first.Output[i])
		if errors.Is(err, prediction.ErrNotFound) {
			return false, []string{"The first picture is not kept any more."}, nil
		} else if err != nil {
			return false, nil, err
		}
		b, err := readFile(ctx, s.Files, again.Output[i])
		if err != nil {
			return false, nil, err
		}
		if !bytes.Equal(a, b) {
			return false, differ(a, b), nil
		}
	}
	return true, nil, nil
}

// differ tells two pictures' files apart: by the pixels, and by what drew them.
func differ(a, b []byte) (says []string) {
	if how := pixelsDiffer(a, b); how != "" {
		says = append(says, how)
	}
	then, errA := picture.ReadRecipe(a)
	now, errB := picture.ReadRecipe(b)
	if errA != nil || errB != nil {
		return append(says, "A file carries no recipe, so nothing tells what else is different.")
	}
	causes := then.Differences(now)
	for _, d := range causes {
		says = append(says, d.String()+".")
	}
	if len(causes) == 0 {
		says = append(says, "Weights, LoRA files, runtime and kind of device are the same, so nothing that the files tell explains it.")
	}
	return says
}

func pixelsDiffer(a, b []byte) string {
	first, _, errA := picture.Decode(a, picture.DefaultLimits)
	second, _, errB := picture.Decode(b, picture.DefaultLimits)
	if errA != nil || errB != nil {
		return "A file cannot be read as a picture."
	}
	if first.Rect.Size() != second.Rect.Size() {
		return fmt.Sprintf("Then the picture measured %s, now %s.", measure(first), measure(second))
	}
	var most, count int
	for i := 0; i < len(first.Pix); i += 4 {
		d := 0
		for k := range 3 {
			d = max(d, int(first.Pix[i+k])-int(second.Pix[i+k]), int(second.Pix[i+k])-int(first.Pix[i+k]))
		}
		if d > 0 {
			count++
		}
		most = max(most, d)
	}
	if count == 0 {
		return "Every pixel is the same; only what is written into the file differs."
	}
	return fmt.Sprintf("%.1f %% of the pixels differ, by at most %d of 255.", 100*float64(count)/float64(len(first.Pix)/4), most)
}

func measure(img *image.NRGBA) string {
	return fmt.Sprintf("%d×%d", img.Rect.Dx(), img.Rect.Dy())
}

// replayedFile serves a picture that was made by a share.
func (s *Site) replayedFile(c echo.Context) error {
	sh, _, again, err := s.ran(c)
	if err != nil {
		return err
	}
	file, err := s.sharedOutput(c.Request().Context(), sh, again, c.Param("file"))
	if err != nil {
		return err
	}
	return sendShared(c, http.DetectContentType(file), file)
}
