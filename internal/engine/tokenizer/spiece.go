package tokenizer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// parseSpiece reads a SentencePiece model (sentencepiece_model.proto) and arranges it
// as transformers converts it to a fast tokenizer.
func parseSpiece(raw []byte, cfg config) (*plan, error) {
	s := spiece{modelType: modelUnigram}
	if err := s.model(raw); err != nil {
		return nil, err
	}
	if s.modelType != modelUnigram {
		return nil, fmt.Errorf("the model's type is %d, only 1 (unigram) is known", s.modelType)
	}
	extra := sentinels(cfg)
	if n := len(s.pieces); n > 1<<24 {
		return nil, fmt.Errorf("%d pieces are too many", n)
	}
	for i := len(extra) - 1; i >= 0; i-- {
		s.pieces, s.scores = append(s.pieces, extra[i]), append(s.scores, 0)
	}
	p := &plan{added: s.added, end: -1}
	var err error
	// The conversion drops byte fallback.
	if p.model, err = newUnigram(s.pieces, s.scores, int32(min(s.unknown, math.MaxInt32)), false); err != nil {
		return nil, err
	}
	steps := sequence{strip{right: true}, replaceRuns{"▁"}}
	if len(s.charsmap) > 0 {
		c, err := parseCharsmap(s.charsmap)
		if err != nil {
			return nil, err
		}
		steps = append(sequence{c}, steps...)
	}
	p.normalize = steps
	p.split = metaspace{mark: "▁", prefix: prefixScheme(cfg)}
	return p, nil
}

// prefixScheme follows the slow tokenizer's add_prefix_space: true unless the
// configuration gives another value, null included.
func prefixScheme(cfg config) string {
	switch set := string(cfg.AddPrefixSpace); {
	case set != "" && set != "true":
		return "never"
	case cfg.Legacy != nil && !*cfg.Legacy:
		return "first"
	}
	return "always"
}

const (
	modelUnigram     = 1
	pieceNormal      = 1
	pieceControl     = 3
	pieceUserDefined = 4
)

type spiece struct {
	pieces    []string
	scores    []float64
	added     []added
	modelType uint64
	unknown   uint64
	charsmap  []byte
}

func (s *spiece) model(raw []byte) error {
	return protobuf(raw, func(field int, n uint64, data []byte) error {
		switch field {
		case 1:
			return s.piece(data)
		case 2:
			return protobuf(data, func(field int, n uint64, _ []byte) error {
				switch field {
				case 3:
					s.modelType = n
				case 40:
					s.unknown = n
				}
				return nil
			})
		case 3:
			return protobuf(data, func(field int, _ uint64, data []byte) error {
				if field == 2 {
					s.charsmap = data
				}
				return nil
			})
		}
		return nil
	})
}

func (s *spiece) piece(raw []byte) error {
	text, score, kind := "", float32(0), uint64(pieceNormal)
	err := protobuf(raw, func(field int, n uint64, data []byte) error {
		switch field {
		case 1:
			text = string(data)
		case 2:
			score = math.Float32frombits(uint32(n))
		case 3:
			kind = n
		}
		return nil
	})
	if kind == pieceControl || kind == pieceUserDefined {
		s.added = append(s.added, added{Content: text, ID: int64(len(s.pieces)), Special: kind == pieceControl})
	}
	s.pieces, s.scores = append(s.pieces, text), append(s.scores, float64(score))
	return err
}

// protobuf calls yield for each field of a message: n is a number's bits, data a
// string's or a message's bytes.
func protobuf(raw []byte, yield func(field int, n uint64, data []byte) error) error {
	short := errors.New("the message is cut short")
	for len(raw) > 0 {
		tag, size := binary.Uvarint(raw)
		if size <= 0 || tag>>3 == 0 || tag>>3 > 1<<29 {
			return errors.New("not a SentencePiece model")
		}
		raw = raw[size:]
		var n uint64
		var data []byte
		switch tag & 7 {
		case 0:
			if n, size = binary.Uvarint(raw); size <= 0 {
				return short
			}
			raw = raw[size:]
		case 1:
			if len(raw) < 8 {
				return short
			}
			n, raw = binary.LittleEndian.Uint64(raw), raw[8:]
		case 2:
			if n, size = binary.Uvarint(raw); size <= 0 || n > uint64(len(raw)-size) {
				return short
			}
			data, raw = raw[size:size+int(n)], raw[size+int(n):]
		case 5:
			if len(raw) < 4 {
				return short
			}
			n, raw = uint64(binary.LittleEndian.Uint32(raw)), raw[4:]
		default:
			return errors.New("not a SentencePiece model")
		}
		if err := yield(int(tag>>3), n, data); err != nil {
			return err
		}
	}
	return nil
}
